// A running network for these tests, and small things that they share.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

export const WAIT_MS = 40000;

const here = import.meta.dirname;
// The distribution's Python, as for the Python tests.
const python = process.env.QNET_PYTHON ?? '/usr/bin/python3';

// Starts so many nodes, registered and linked; absent of the genesis nodes do not run. Whoever starts
// it calls stop().
export async function startNetwork(genesis, ordinary, absent = 0) {
  const child = spawn(python, [`${here}/network.py`, ...[genesis, ordinary, absent].map(String)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, PYTHONPATH: `${here}/..` },
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const lines = [];
  const reader = createInterface({ input: child.stdout });
  const first = new Promise((resolve) => reader.once('line', resolve));
  reader.on('line', (line) => lines.push(line));
  const line = await Promise.race([first, ended]);
  assert.equal(typeof line, 'string', `the network did not start: exit status ${line}`);
  return {
    ...JSON.parse(line),
    async stop() {
      child.stdin.end();
      assert.equal(await ended, 0, lines.slice(1).join('\n'));
    },
  };
}

// The answer's JSON.
export async function get(node, path) {
  const response = await fetch(node.api + path, { signal: AbortSignal.timeout(10000) });
  assert.equal(response.status, 200, `GET ${path}: ${response.status}`);
  return response.json();
}

// {"name{label=\"value\"}": number}
export async function metrics(node) {
  const response = await fetch(`${node.api}/metrics`, { signal: AbortSignal.timeout(10000) });
  assert.equal(response.status, 200);
  const lines = (await response.text()).split('\n').filter((line) => line && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => {
    const space = line.lastIndexOf(' ');
    return [line.slice(0, space), Number(line.slice(space + 1))];
  }));
}

// The decoded JSON lines of a node's log.
export function logLines(node) {
  return readFileSync(node.log, 'utf8').split('\n').filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}

// The first true value of condition(), polled for a bounded time.
export async function waitUntil(condition, what) {
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    const value = await condition();
    if (value) {
      return value;
    }
    assert.ok(performance.now() < deadline, `not within ${WAIT_MS} ms: ${what}`);
    await pause(50);
  }
}

export const fromBase64url = (text) => new Uint8Array(Buffer.from(text, 'base64url'));
export const hex = (bytes) => Buffer.from(bytes).toString('hex');
export const fromHex = (text) => new Uint8Array(Buffer.from(text, 'hex'));
export const concat = (...parts) => new Uint8Array(Buffer.concat(parts));
