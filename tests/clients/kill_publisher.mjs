// Publishes numbers under confirms until its connection ends, as
// kill_publisher.py does:  kill_publisher.mjs PORT NAME FIRST QUEUE...

import amqp from 'amqplib'

const [port, name, first, ...queues] = process.argv.slice(2)
const unconfirmed = 200
const end = () => process.exit(0)

const connection = await amqp.connect(`amqp://127.0.0.1:${port}/`).catch(end)
connection.on('error', () => {})
connection.on('close', end)
const channel = await connection.createConfirmChannel()
let next = Number(first)
let confirmed = next // all below are
const outOfTurn = new Set()

function onConfirm(number, why) {
  if (why) return
  outOfTurn.add(number)
  let lines = ''
  while (outOfTurn.delete(confirmed)) lines += `${confirmed++}\n`
  if (lines) process.stdout.write(lines)
  fill()
}

function fill() {
  while (next - confirmed < unconfirmed) {
    const number = next++
    channel.sendToQueue(queues[number % queues.length],
      Buffer.from(`${name} ${number}`), { persistent: true },
      why => onConfirm(number, why))
  }
}

fill()
