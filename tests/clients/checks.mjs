// What the scripts that run under Node.js share: sentences, expectations, and
// the broker that broker.py started.

import net from 'node:net'
import { isDeepStrictEqual, inspect } from 'node:util'

export const host = process.env.AMQP_HOST
export const port = Number(process.env.AMQP_PORT)
export const url = `amqp://guest:guest@${host}:${port}/`

class Broken extends Error {}

export function expect(holds, sentence, ...evidence) {
  if (holds) return
  const shown = evidence.map(x => `\n    ${inspect(x)}`).join('')
  throw new Broken(`expected: ${sentence}${shown}`)
}

export function equal(seen, wanted, sentence) {
  if (isDeepStrictEqual(seen, wanted)) return
  throw new Broken(`expected: ${sentence}\n    seen:   ${inspect(seen)}` +
    `\n    wanted: ${inspect(wanted)}`)
}

/** Rejects unless the promise settles in time. */
export async function soon(promise, sentence, seconds = 20) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(
      new Broken(`expected: ${sentence}, within ${seconds} s`)), seconds * 1000)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Looks again and again, until `observe` resolves to something true. */
export async function waitFor(observe, sentence, seconds = 30) {
  const deadline = Date.now() + seconds * 1000
  for (;;) {
    const seen = await observe()
    if (seen) return seen
    expect(Date.now() < deadline, `${sentence}, within ${seconds} s`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

/** The error a promise is rejected with. */
export async function refusal(promise, sentence) {
  try {
    await promise
  } catch (why) {
    return why
  }
  throw new Broken(`expected: ${sentence}`)
}

let names = 0
export const newName = (what = 'queue') => `node-${what}-${++names}`

/** Keeps deliveries until they are taken. */
export class Inbox {
  here = []
  wake = () => {}

  put(message) {
    this.here.push(message)
    this.wake()
  }

  async take(count = 1) {
    const enough = new Promise(resolve => {
      this.wake = () => this.here.length >= count && resolve()
      this.wake()
    })
    await soon(enough, `${count} messages are delivered`)
    return this.here.splice(0, count)
  }
}

/** Asks the broker's keeper: "stop", "start", "restart" or "kill". */
export function control(command) {
  return new Promise((resolve, reject) => {
    const wire = net.connect(process.env.BROKER_CONTROL)
    wire.once('data', answer => {
      wire.end()
      const text = answer.toString().trim()
      if (text === 'done') resolve()
      else reject(new Broken(`expected: ${command} works; it said ${text}`))
    })
    wire.once('error', reject)
    wire.write(`${command}\n`)
  })
}

/** Runs the tests, a sentence each, and ends the process. */
export async function main(client, tests) {
  let failed = 0
  for (const [sentence, test] of Object.entries(tests)) {
    const began = Date.now()
    try {
      await soon(test(), 'the test ends', 120)
      const seconds = ((Date.now() - began) / 1000).toFixed(1).padStart(5)
      console.log(`passed in ${seconds} s: ${client}: ${sentence}`)
    } catch (why) {
      failed++
      console.log(`FAILED: ${client}: ${sentence}\n  ` +
        (why instanceof Broken ? why.message : why.stack))
    }
  }
  process.exit(failed ? 1 : 0)
}
