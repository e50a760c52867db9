// Takes one message of a queue, says so, and never settles it.

import amqp from 'amqplib'
import { url } from './checks.mjs'

const channel = await (await amqp.connect(url)).createChannel()
await channel.prefetch(1)
await channel.consume(process.argv[2], x =>
  console.log(x.content.toString(), x.fields.redelivered))
