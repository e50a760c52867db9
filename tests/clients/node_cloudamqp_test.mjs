// Checks @cloudamqp/amqp-client against the broker that broker.py started.

import { randomBytes } from 'node:crypto'
import { AMQPClient, AMQPSession } from '@cloudamqp/amqp-client'
import {
  Inbox, control, equal, expect, main, newName, refusal, soon, url, waitFor,
} from './checks.mjs'

const durable = { durable: true }
const persistent = { deliveryMode: 2 }

async function connect(address = url) {
  const client = new AMQPClient(address)
  client.logger = undefined
  await client.connect()
  return client
}

/** Runs `use` with a channel that confirms; closes its connection. */
async function withChannel(use) {
  const client = await connect()
  const channel = await client.channel()
  await channel.confirmSelect()
  try {
    return await use(channel, client)
  } finally {
    if (!client.closed) await client.close()
  }
}

async function newQueue(channel, options) {
  return (await channel.queueDeclare(newName(), durable, options)).name
}

const send = (channel, queue, bodies, properties = persistent) =>
  Promise.all(bodies.map(x => channel.basicPublish('', queue, x, properties)))

async function consume(channel, queue, options = { noAck: false }) {
  const inbox = new Inbox()
  inbox.consumer = await channel.basicConsume(queue, options, x => inbox.put(x))
  return inbox
}

const texts = messages => messages.map(x => x.bodyString())

async function drain(channel, queue) {
  const all = []
  for (;;) {
    const found = await channel.basicGet(queue, { noAck: true })
    if (!found) return all
    all.push(found.bodyString())
  }
}

const numbers = count => Array.from({ length: count }, (_, i) => String(i))

/** Publishes as soon as the session has a connection again. */
const publishAgain = (queue, body) => waitFor(async () => {
  try {
    return await soon(queue.publish(body, persistent), 'it is confirmed', 5)
  } catch {
    return null
  }
}, 'the session publishes again')

const tests = {
  'what is confirmed comes in order, and acked is gone': () =>
    withChannel(async (channel, client) => {
      const queue = await newQueue(channel)
      await send(channel, queue, numbers(300))
      const inbox = await consume(channel, queue)
      const taken = await inbox.take(300)
      equal(texts(taken), numbers(300), 'in order')
      await taken[199].ack(true)
      for (const x of taken.slice(200)) await x.ack()
      await channel.close()
      equal(await drain(await client.channel(), queue), [], 'nothing is left')
    }),

  'nack and reject bring messages back, or make them dead letters': () =>
    withChannel(async channel => {
      const dead = await newQueue(channel)
      const queue = await newQueue(channel, {
        'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead,
      })
      await send(channel, queue, ['1', '2'])
      const one = await channel.basicGet(queue, { noAck: false })
      await one.nack(true)
      const again = await channel.basicGet(queue, { noAck: false })
      equal([again.bodyString(), again.redelivered], ['1', true], 'again')
      const inbox = await consume(channel, dead, { noAck: true })
      await again.reject(false)
      const [found] = await inbox.take()
      const [death] = found.properties.headers['x-death']
      equal([found.bodyString(), death.queue, death.reason, death.count],
        ['1', queue, 'rejected', 1], 'x-death')
      equal(await drain(channel, queue), ['2'], 'the other waits')
    }),

  'TTLs of queues and messages make dead letters': () =>
    withChannel(async channel => {
      const dead = await newQueue(channel)
      const to = {
        'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead,
      }
      const inbox = await consume(channel, dead, { noAck: true })
      const quick = await newQueue(channel, { ...to, 'x-message-ttl': 20 })
      await send(channel, quick, ['by queue'])
      equal(texts(await inbox.take()), ['by queue'], 'the queue says when')
      const slow = await newQueue(channel, to)
      await send(channel, slow, ['by message'], { expiration: '20' })
      equal(texts(await inbox.take()), ['by message'], 'the message does')
    }),

  'higher priorities come first': () => withChannel(async channel => {
    const queue = await newQueue(channel, { 'x-max-priority': 9 })
    for (const x of [1, 9, 5]) await send(channel, queue, [`${x}`],
      { priority: x })
    equal(await drain(channel, queue), ['9', '5', '1'], 'by priority')
  }),

  'prefetch bounds what is on loan': () => withChannel(async channel => {
    const queue = await newQueue(channel)
    await send(channel, queue, numbers(10))
    await channel.prefetch(3)
    const inbox = await consume(channel, queue)
    const taken = await inbox.take(3)
    const { messageCount } =
      await channel.queueDeclare(queue, { ...durable, passive: true })
    equal([messageCount, inbox.here.length], [7, 0], 'three come, seven wait')
    await taken[2].ack(true)
    equal(texts(await inbox.take(3)), ['3', '4', '5'], 'then three more')
  }),

  'bodies of 1 and 8 MiB come as they went': () =>
    withChannel(async channel => {
      const queue = await newQueue(channel)
      for (const mib of [1, 8]) {
        const body = randomBytes(mib << 20)
        await channel.basicPublish('', queue, body)
        const seen = await channel.basicGet(queue, { noAck: true })
        expect(body.equals(Buffer.from(seen.body)), `${mib} MiB are the same`)
      }
    }),

  'headers come as they went': () => withChannel(async channel => {
    const queue = await newQueue(channel)
    const headers = {
      text: 'grüße', small: 7, real: 2.5, yes: true, none: null,
      list: [1, 'two', { three: true }], table: { in: { in: 'deep' } },
      big: 2n ** 40n, time: new Date(1600000000000),
    }
    await send(channel, queue, ['x'], { headers, messageId: 'm' })
    const { properties } = await channel.basicGet(queue, { noAck: true })
    const seen = { ...properties.headers, big: BigInt(properties.headers.big) }
    equal([seen, properties.messageId], [headers, 'm'], 'all of them')
  }),

  'a mandatory message nobody takes is returned before its confirm': () =>
    withChannel(async channel => {
      const seen = []
      channel.onReturn = x => seen.push(`${x.replyCode} ${x.bodyString()}`)
      await channel.basicPublish('amq.direct', 'nowhere', 'x', {}, true)
      equal(seen, ['312 x'], 'it was there when the confirm came')
    }),

  'an exclusive queue is locked for others and ends with its owner': () =>
    withChannel(async (_, other) => {
      const owner = await connect()
      const name = newName()
      await (await owner.channel()).queueDeclare(name, { exclusive: true })
      const passive = { passive: true }
      const locked = await refusal(
        (await other.channel()).queueDeclare(name, passive), 'it is locked')
      expect(/405|RESOURCE_LOCKED/.test(locked.message), 'RESOURCE_LOCKED',
        locked.message)
      await owner.close()
      const gone = await refusal(
        (await other.channel()).queueDeclare(name, passive), 'it is gone')
      expect(/404|NOT_FOUND/.test(gone.message), 'NOT_FOUND', gone.message)
    }),

  'publishing to no exchange fails its confirm and closes the channel': () =>
    withChannel(async (channel, client) => {
      const why = await refusal(
        channel.basicPublish('nobody', 'k', 'x'), 'it is refused')
      expect(/404|NOT_FOUND/.test(why.message), 'NOT_FOUND', why.message)
      const other = await client.channel()
      const queue = await newQueue(other)
      await other.basicPublish('', queue, 'goes on')
      equal(texts(await (await consume(other, queue)).take()), ['goes on'],
        'the connection goes on')
    }),

  'transactions commit and roll back': () => withChannel(async (_, client) => {
    const [channel, other] = [await client.channel(), await client.channel()]
    const queue = await newQueue(channel)
    await channel.txSelect()
    await channel.basicPublish('', queue, 'lost')
    await channel.txRollback()
    await channel.basicPublish('', queue, 'kept')
    equal(await drain(other, queue), [], 'nothing before the commit')
    await channel.txCommit()
    equal(await drain(other, queue), ['kept'], 'then what was committed')
  }),

  'an RPC server answers over amq.rabbitmq.reply-to': async () => {
    const session = await AMQPSession.connect(url, { logger: null })
    const name = newName()
    await session.rpcServer(name, x => String(Number(x.bodyString()) ** 2))
    const answers = await Promise.all(numbers(10).map(
      async x => (await session.rpcCall(name, x, { timeout: 20000 }))
        .bodyString()))
    equal(answers, numbers(10).map(x => String(x * x)), 'each its own')
    await session.stop()
  },

  'a dropped connection gives its message to another': () =>
    withChannel(async channel => {
      const queue = await newQueue(channel)
      await send(channel, queue, ['precious'])
      const victim = await connect()
      await (await consume(await victim.channel(), queue)).take()
      victim.socket.destroy()
      const [again] = await (await consume(channel, queue)).take()
      equal([again.bodyString(), again.redelivered], ['precious', true],
        'redelivered')
    }),

  'a wrong password is refused with 403': async () => {
    const why = await refusal(
      connect(url.replace('guest:guest', 'guest:wrong')), 'it is refused')
    expect(/403|ACCESS_REFUSED/.test(why.message), 'and says so', why.message)
  },

  'a session reconnects after kill -9 and its consumer gets what was confirmed':
    async () => {
      const session = await AMQPSession.connect(url,
        { logger: null, reconnectInterval: 50, maxReconnectInterval: 200 })
      const queue = await session.queue(newName(), durable)
      const inbox = new Inbox()
      for (const x of numbers(20)) await queue.publish(x, persistent)
      await control('kill')
      await publishAgain(queue, 'after')
      await queue.subscribe({ noAck: false }, x => inbox.put(x.bodyString()))
      equal((await inbox.take(21)).slice(0, 20), numbers(20), 'in order')
      await control('restart')
      await publishAgain(queue, 'again')
      // Acks that were under way may be lost, so others may come before it.
      while ((await inbox.take())[0] !== 'again');
      await session.stop()
    },
}

await main('cloudamqp', tests)
