// Checks amqplib against the broker that broker.py started.

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import amqp from 'amqplib'
import {
  Inbox, control, equal, expect, main, newName, refusal, soon, url, waitFor,
} from './checks.mjs'

/** Runs `use` with a connection that is closed afterwards. */
async function connected(use, address = url) {
  const connection = await amqp.connect(address)
  connection.on('error', () => {})
  let open = true
  connection.on('close', () => { open = false })
  try {
    return await use(connection)
  } finally {
    if (open) await connection.close()
  }
}

/** Resolves when the connection is closed, whatever error came before. */
const ended = connection =>
  new Promise(resolve => connection.on('close', resolve))

const withChannel = use => connected(async connection => {
  const channel = await connection.createConfirmChannel()
  channel.on('error', () => {})
  return use(channel, connection)
})

async function newQueue(channel, options = {}) {
  return (await channel.assertQueue(newName(), options)).queue
}

async function send(channel, queue, bodies, options = {}) {
  for (const x of bodies) {
    channel.sendToQueue(queue, Buffer.from(x), { persistent: true, ...options })
  }
  await channel.waitForConfirms()
}

async function consume(channel, queue, options) {
  const inbox = new Inbox()
  const { consumerTag } =
    await channel.consume(queue, x => inbox.put(x), options)
  inbox.tag = consumerTag
  return inbox
}

const texts = messages => messages.map(x => x.content.toString())

async function drain(channel, queue) {
  const all = []
  for (;;) {
    const found = await channel.get(queue, { noAck: true })
    if (!found) return all
    all.push(found.content.toString())
  }
}

const numbers = count => Array.from({ length: count }, (_, i) => String(i))

const tests = {
  'what is confirmed comes in order, and acked is gone': () =>
    withChannel(async channel => {
      const queue = await newQueue(channel)
      await send(channel, queue, numbers(500))
      const inbox = await consume(channel, queue)
      const taken = await inbox.take(500)
      equal(texts(taken), numbers(500), 'in order')
      channel.ack(taken[399], true)
      for (const x of taken.slice(400)) channel.ack(x)
      await channel.cancel(inbox.tag)
      await channel.recover()
      equal(await drain(channel, queue), [], 'nothing is left')
    }),

  'nack, reject and nackAll bring messages back to their places': () =>
    withChannel(async channel => {
      const queue = await newQueue(channel)
      await send(channel, queue, ['1', '2', '3'])
      const [one, two] = [await channel.get(queue), await channel.get(queue)]
      channel.nack(two, true, true)
      const again = await channel.get(queue)
      equal([texts([one, two]), again.content.toString(),
        again.fields.redelivered], [['1', '2'], '1', true], 'redelivered')
      channel.reject(again, true)
      await channel.get(queue)
      await channel.get(queue)
      channel.nackAll()
      equal(await drain(channel, queue), ['1', '2', '3'], 'old places')
    }),

  'a rejected message is a dead letter, with x-death': () =>
    withChannel(async channel => {
      const dead = await newQueue(channel)
      const queue = await newQueue(channel, {
        deadLetterExchange: '', deadLetterRoutingKey: dead,
      })
      const inbox = await consume(channel, dead, { noAck: true })
      await send(channel, queue, ['bad'])
      channel.reject(await channel.get(queue), false)
      const [found] = await inbox.take()
      const [death] = found.properties.headers['x-death']
      equal([death.queue, death.reason, death.count, death.exchange,
        death['routing-keys']], [queue, 'rejected', 1, '', [queue]], 'x-death')
    }),

  'a message that expires is a dead letter and tells its expiration': () =>
    withChannel(async channel => {
      const dead = await newQueue(channel)
      const queue = await newQueue(channel, {
        deadLetterExchange: '', deadLetterRoutingKey: dead, messageTtl: 60000,
      })
      const inbox = await consume(channel, dead, { noAck: true })
      await send(channel, queue, ['late'], { expiration: 30 })
      const [found] = await inbox.take()
      const [death] = found.properties.headers['x-death']
      equal([death.reason, death['original-expiration']], ['expired', '30'],
        'x-death')
    }),

  'higher priorities come first': () => withChannel(async channel => {
    const queue = await newQueue(channel, { maxPriority: 9 })
    for (const x of [1, 9, 5, 9]) {
      await send(channel, queue, [`p${x}`], { priority: x })
    }
    equal(await drain(channel, queue), ['p9', 'p9', 'p5', 'p1'], 'by priority')
  }),

  'prefetch bounds what is on loan': () => withChannel(async channel => {
    const queue = await newQueue(channel)
    await send(channel, queue, numbers(10))
    await channel.prefetch(4)
    const inbox = await consume(channel, queue)
    const taken = await inbox.take(4)
    equal((await channel.checkQueue(queue)).messageCount, 6, 'six wait')
    equal(inbox.here.length, 0, 'no fifth comes')
    channel.ack(taken[1], true)
    equal(texts(await inbox.take(2)), ['4', '5'], 'two for two acks')
  }),

  'bodies of 1 and 8 MiB come as they went': () =>
    withChannel(async channel => {
      const queue = await newQueue(channel)
      for (const mib of [1, 8]) {
        const body = randomBytes(mib << 20)
        channel.sendToQueue(queue, body)
        await channel.waitForConfirms()
        const seen = await channel.get(queue, { noAck: true })
        expect(body.equals(seen.content), `${mib} MiB are the same`,
          seen.content.length)
      }
    }),

  'headers and properties come as they went': () =>
    withChannel(async channel => {
      const queue = await newQueue(channel)
      const headers = {
        text: 'grüße', small: 7, big: 2 ** 40, negative: -5, real: 2.5,
        yes: true, none: null, list: [1, 'two', { three: [true] }],
        table: { in: { in: 'deep' } }, bytes: Buffer.from([0, 255]),
        time: { '!': 'timestamp', value: 1600000000 },
      }
      const given = {
        headers, contentType: 'text/plain', contentEncoding: 'utf-8',
        deliveryMode: 2, priority: 3, correlationId: 'c', replyTo: 'r',
        expiration: '600000', messageId: 'm', timestamp: 1600000000,
        type: 't', userId: 'guest', appId: 'a',
      }
      channel.sendToQueue(queue, Buffer.from('x'), given)
      await channel.waitForConfirms()
      const { properties } = await channel.get(queue, { noAck: true })
      for (const [name, value] of Object.entries(given)) {
        equal(properties[name], value, `${name} comes as it went`)
      }
    }),

  'a mandatory message nobody takes is returned before its confirm': () =>
    withChannel(async channel => {
      const seen = []
      channel.on('return', x => seen.push(x.fields.replyText))
      await new Promise((resolve, reject) => channel.publish(
        'amq.direct', 'nowhere', Buffer.from('x'), { mandatory: true },
        why => { seen.push('confirmed'); why ? reject(why) : resolve() }))
      equal(seen, ['NO_ROUTE', 'confirmed'], 'first returned, then confirmed')
    }),

  'an exclusive queue is locked for others and ends with its owner': () =>
    connected(async other => {
      const name = newName()
      await connected(async owner => {
        const channel = await owner.createChannel()
        await channel.assertQueue(name, { exclusive: true })
        const locked = await other.createChannel()
        locked.on('error', () => {})
        equal((await refusal(locked.checkQueue(name), 'it is locked')).code,
          405, 'RESOURCE_LOCKED')
      })
      const gone = await other.createChannel()
      gone.on('error', () => {})
      equal((await refusal(gone.checkQueue(name), 'it is gone')).code, 404,
        'NOT_FOUND')
    }),

  'declaring otherwise is 406 for that channel alone': () =>
    withChannel(async (channel, connection) => {
      const queue = await newQueue(channel)
      const other = await connection.createChannel()
      other.on('error', () => {})
      const why = await refusal(
        other.assertQueue(queue, { durable: false }), 'it is refused')
      expect(why.code === 406 && /inequivalent arg 'durable'/.test(why.message),
        'it says what differs', why.message)
      await send(channel, queue, ['goes on'])
      equal(await drain(channel, queue), ['goes on'], 'the other goes on')
    }),

  'deleting a queue tells its consumers': () => withChannel(async channel => {
    const queue = await newQueue(channel)
    const inbox = await consume(channel, queue)
    await channel.deleteQueue(queue)
    equal(await inbox.take(), [null], 'null says so')
  }),

  'topic, fanout and exchange bindings route': () =>
    withChannel(async channel => {
      const [topic, fanout] = [newName('exchange'), newName('exchange')]
      await channel.assertExchange(topic, 'topic')
      await channel.assertExchange(fanout, 'fanout')
      const queue = await newQueue(channel)
      await channel.bindExchange(fanout, topic, 'a.*.c')
      await channel.bindQueue(queue, fanout, '')
      channel.publish(topic, 'a.b.c', Buffer.from('in'))
      channel.publish(topic, 'a.b', Buffer.from('out'))
      await channel.waitForConfirms()
      await channel.unbindExchange(fanout, topic, 'a.*.c')
      channel.publish(topic, 'a.b.c', Buffer.from('late'))
      await channel.waitForConfirms()
      equal(await drain(channel, queue), ['in'], 'only what is bound')
    }),

  'a reply comes to amq.rabbitmq.reply-to': () => withChannel(
    async channel => {
      const queue = await newQueue(channel)
      const replies =
        await consume(channel, 'amq.rabbitmq.reply-to', { noAck: true })
      await send(channel, queue, ['4'], {
        replyTo: 'amq.rabbitmq.reply-to', correlationId: 'n',
      })
      const asked = await channel.get(queue, { noAck: true })
      channel.sendToQueue(asked.properties.replyTo, Buffer.from('16'),
        { correlationId: 'n' })
      const [reply] = await replies.take()
      equal([reply.content.toString(), reply.properties.correlationId],
        ['16', 'n'], 'the answer')
    }),

  'a killed consumer process gives its message to another': () =>
    withChannel(async channel => {
      const queue = await newQueue(channel)
      await send(channel, queue, ['precious'])
      const victim = spawn(process.execPath,
        [new URL('slow_consumer.mjs', import.meta.url).pathname, queue],
        { stdio: ['ignore', 'pipe', 'inherit'] })
      const [line] = await soon(once(victim.stdout, 'data'), 'it has it')
      equal(line.toString(), 'precious false\n', 'the consumer has it')
      victim.kill('SIGKILL')
      const [again] = await (await consume(channel, queue)).take()
      equal([again.content.toString(), again.fields.redelivered],
        ['precious', true], 'redelivered')
    }),

  'a wrong password is refused with 403': async () => {
    const why = await refusal(
      amqp.connect(url.replace('guest:guest', 'guest:wrong')), 'it is refused')
    expect(/403|ACCESS.REFUSED/i.test(why.message), 'and says so', why.message)
  },

  'a broker that restarts says 320 and keeps what is durable': async () => {
    const queue = newName()
    await withChannel(async (channel, connection) => {
      await channel.assertQueue(queue)
      await send(channel, queue, numbers(20))
      await consume(channel, queue)
      const closed = ended(connection)
      await control('restart')
      const why = await soon(closed, 'the connection is closed')
      equal(why?.code, 320, 'CONNECTION_FORCED')
    })
    await withChannel(async channel => {
      equal(texts(await (await consume(channel, queue)).take(20)), numbers(20),
        'in order')
    })
  },

  'a client that connects again after kill -9 finds what was confirmed':
    async () => {
      const queue = newName()
      await withChannel(async (channel, connection) => {
        await channel.assertQueue(queue)
        await send(channel, queue, numbers(50))
        const closed = ended(connection)
        await control('kill')
        await soon(closed, 'the connection is closed')
      })
      const again = await waitFor(() => amqp.connect(url).catch(() => null),
        'the client connects')
      const channel = await again.createChannel()
      equal(await drain(channel, queue), numbers(50), 'in order')
      await again.close()
    },
}

await main('amqplib', tests)
