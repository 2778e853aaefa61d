// Node.js's own TLS (OpenSSL 3.5 in version 24) as a peer that speaks the right version, group and
// protocol but shows an X.509 certificate, with an ML-DSA-65 key even: a node has no use for
// certificates, says so, counts it, and the network goes on.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import { get, logLines, metrics, startNetwork, waitUntil } from './qnet_network.mjs';

const REFUSED = 'qnet_link_failures_total{reason="no_raw_public_key"}';
const ALGORITHMS = ['ML-DSA-65', 'ED25519', 'RSA'];
const HANDSHAKE_MS = 15000;

const identities = new Map();
let network;

before(async () => {
  for (const algorithm of ALGORITHMS) {
    const pem = execFileSync(`${process.env.QNET_BUILD_DIR}/tests/x509_tool`, [algorithm], { encoding: 'utf8' });
    identities.set(algorithm, { key: pem.match(/-+BEGIN PRIVATE KEY[^]*END PRIVATE KEY-+/)[0],
      cert: pem.match(/-+BEGIN CERTIFICATE[^]*END CERTIFICATE-+/)[0] });
  }
  network = await startNetwork(5, 1, 1);
}, { timeout: 120000 });

after(() => network?.stop());

const options = (algorithm, more = {}) => ({
  ...identities.get(algorithm),
  ALPNProtocols: ['qnet/1'],
  ecdhCurve: 'X25519MLKEM768',
  minVersion: 'TLSv1.3',
  rejectUnauthorized: false,
  ...more,
});

// Dials and waits for the end. {secured, error, bytes}
async function dial(port, settings) {
  const outcome = { secured: false, error: null, bytes: 0 };
  const socket = tls.connect({ host: '127.0.0.1', port, ...settings });
  socket.setTimeout(HANDSHAKE_MS, () => socket.destroy(new Error('nothing happened')));
  socket.on('secureConnect', () => { outcome.secured = true; });
  socket.on('data', (data) => { outcome.bytes += data.length; });
  socket.on('error', (error) => { outcome.error = error; });
  await once(socket, 'close').catch(() => {});
  return outcome;
}

const refusals = async (node) => (await metrics(node))[REFUSED] ?? 0;

// Even an idle network makes a block every ten seconds.
async function assertGoesOn() {
  const { height } = await get(network.nodes[0], '/v1/status');
  await waitUntil(async () => (await get(network.nodes[0], '/v1/status')).height > height, 'the next block');
  for (const node of network.nodes) {
    const { links } = await get(node, '/v1/status');
    assert.ok(links.live >= 3);
    assert.equal((await fetch(`${node.api}/readyz`)).status, 200);
  }
}

test('node:tls has what the protocol asks for', () => {
  assert.match(process.versions.openssl, /^3\.[5-9]/);
  assert.doesNotThrow(() => tls.createSecureContext(options('ML-DSA-65')));
});

for (const algorithm of ALGORITHMS) {
  test(`a client with an X.509 certificate over ${algorithm} is refused`, async () => {
    const node = network.nodes[0];
    const count = await refusals(node);
    const outcome = await dial(node.port, options(algorithm));
    assert.equal(outcome.bytes, 0, 'no byte of the protocol before the peer is authenticated');
    assert.match(outcome.error?.code ?? '', /UNSUPPORTED_CERTIFICATE|HANDSHAKE_FAILURE/);
    await waitUntil(async () => await refusals(node) > count, 'the refusal is counted');
    await waitUntil(() => logLines(node).some((line) => line.event === 'link_failed' &&
      line.reason === 'no_raw_public_key' && line.direction === 'in'), 'the refusal is logged');
  });
}

test('a client without any certificate is refused', async () => {
  const node = network.nodes[1];
  const count = await refusals(node);
  const outcome = await dial(node.port, options('ML-DSA-65', { key: undefined, cert: undefined }));
  assert.equal(outcome.bytes, 0);
  assert.notEqual(outcome.error, null);
  await waitUntil(async () => await refusals(node) > count, 'the refusal is counted');
});

test('the right certificate does not help with the wrong version or protocol', async () => {
  const node = network.nodes[2];
  for (const [more, reason] of [
    [{ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ecdhCurve: 'X25519' }, 'tls_version'],
    [{ ALPNProtocols: ['h2'] }, 'no_raw_public_key'],
    [{ ecdhCurve: 'X25519' }, 'no_raw_public_key'],
  ]) {
    const name = `qnet_link_failures_total{reason="${reason}"}`;
    const count = (await metrics(node))[name] ?? 0;
    const outcome = await dial(node.port, options('ML-DSA-65', more));
    assert.equal(outcome.bytes, 0);
    assert.notEqual(outcome.error, null);
    await waitUntil(async () => (await metrics(node))[name] > count, `${reason} is counted`);
  }
});

test('a server with an X.509 certificate where a genesis node should be is refused', async () => {
  const node = network.nodes[0];
  const count = await refusals(node);
  let bytes = 0;
  const server = tls.createServer({ ...options('ML-DSA-65'), requestCert: true }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => { bytes += data.length; });
  });
  server.on('tlsClientError', () => {});
  server.listen(network.absent_ports[0], '127.0.0.1');
  await once(server, 'listening');
  try {
    await waitUntil(async () => await refusals(node) > count, 'a dial to it fails for that reason');
    await waitUntil(() => logLines(node).some((line) => line.event === 'link_failed' &&
      line.reason === 'no_raw_public_key' && line.direction === 'out'), 'and is logged');
    assert.equal(bytes, 0, 'nothing was told to it');
  } finally {
    server.close();
  }
});

test('the network went on', assertGoesOn);
