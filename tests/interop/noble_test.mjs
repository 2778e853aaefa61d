// What a node says of the ledger and of itself, judged by code that shares nothing with it: noble's
// ML-DSA and SHA-3, and the rules as docs/protocol.md has them. All that is trusted are the genesis
// certificates.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { sha3_256 } from '@noble/hashes/sha3.js';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { trust, verifyProof } from '../../web/verify/index.js';
import { Encoded, decode, encode } from './cbor.mjs';
import { concat, fromBase64url, fromHex, get, hex, startNetwork, waitUntil } from './qnet_network.mjs';

const GENESIS = 5;
const QUORUM = 4; // n - floor((n - 1) / 3)
const SPKI_PREFIX = fromHex('308207b2300b0609608648016503040312038207a100'); // RFC 9881, ML-DSA-65

let network; // the processes
let networkId; // computed here
let committee; // [{id, key}] in the order of the bitmaps

const digestOf = (bytes) => sha3_256(concat(networkId, bytes));

function rawKey(spki) {
  assert.equal(hex(spki.subarray(0, SPKI_PREFIX.length)), hex(SPKI_PREFIX));
  assert.equal(spki.length, SPKI_PREFIX.length + 1952);
  return spki.subarray(SPKI_PREFIX.length);
}

function holds(spki, kind, digest, signature) {
  return ml_dsa65.verify(signature, digest, rawKey(spki), { context: Buffer.from(`qnet/1/${kind}`) });
}

function flipped(bytes) {
  const copy = Uint8Array.from(bytes);
  const bit = randomBytes(4).readUInt32BE() % (8 * copy.length);
  copy[bit >> 3] ^= 1 << (bit & 7);
  return copy;
}

// The committee and the network id, from the certificates alone (protocol.md, section 3).
function readGenesis() {
  const certificates = network.certificates.map(fromBase64url);
  const parameters = encode(new Map([[1, 1], [2, [new Encoded(fromBase64url(network.batch))]]]));
  networkId = sha3_256(encode(['qnet/1/genesis', certificates, parameters]));
  committee = certificates.map((bytes) => {
    const envelope = decode(bytes);
    const spki = decode(envelope.get(1)).get(4);
    const digest = sha3_256(concat(new Uint8Array(32), envelope.get(1)));
    assert.ok(holds(spki, 'genesis', digest, envelope.get(2)), 'a certificate signs itself');
    return { id: hex(sha3_256(spki)), spki };
  }).sort((a, b) => (a.id < b.id ? -1 : 1));
}

// Does this certificate make this header final? (protocol.md, section 1; consensus)
function isFinal(header, certificateBytes) {
  const certificate = decode(certificateBytes);
  const blockId = sha3_256(header);
  if (certificate.get(1) !== 2 || hex(certificate.get(5)) !== hex(blockId)) {
    return false;
  }
  const bits = certificate.get(6).reduce((sum, byte, i) => sum | (byte << (8 * i)), 0);
  const signers = committee.filter((_, i) => (bits >> i) & 1);
  const signatures = certificate.get(7);
  if (bits >> GENESIS !== 0 || signers.length !== QUORUM || signatures.length !== QUORUM) {
    return false;
  }
  const [epoch, view, parentView] = [2, 3, 4].map((key) => certificate.get(key));
  const digest = digestOf(encode([epoch, view, parentView, blockId]));
  return signers.every((signer, i) => holds(signer.spki, 'finalize', digest, signatures[i]));
}

// The root that this proof leads to from an entry (null: from its absence), or null if it proves
// nothing about the id.
function rootOfProof(id, entry, proofBytes) {
  const proof = decode(proofBytes);
  const [siblings, leafKey, leafValueHash] = [1, 2, 3].map((key) => proof.get(key));
  const key = sha3_256(id);
  const bit = (bytes, depth) => (bytes[depth >> 3] >> (7 - (depth & 7))) & 1;
  if (entry !== null) {
    if (leafKey === undefined || hex(leafKey) !== hex(key) || hex(leafValueHash) !== hex(sha3_256(entry))) {
      return null;
    }
  } else if (leafKey !== undefined) {
    if (hex(leafKey) === hex(key) || siblings.some((_, depth) => bit(leafKey, depth) !== bit(key, depth))) {
      return null;
    }
  }
  let hash = leafKey === undefined ? new Uint8Array(32)
    : sha3_256(concat(Uint8Array.of(0), leafKey, leafValueHash));
  for (let depth = siblings.length - 1; depth >= 0; depth--) {
    const pair = bit(key, depth) === 0 ? [hash, siblings[depth]] : [siblings[depth], hash];
    hash = sha3_256(concat(Uint8Array.of(1), ...pair));
  }
  return hex(hash);
}

before(async () => {
  network = await startNetwork(GENESIS, 2);
  readGenesis();
}, { timeout: 120000 });

after(() => network?.stop());

test('the network id follows from the certificates', async () => {
  for (const node of network.nodes) {
    assert.equal((await get(node, '/v1/status')).network.id, hex(networkId));
  }
});

test('the registry holds the pinned keys, and ids are hashes of keys', async () => {
  const { items } = await get(network.nodes.at(-1), '/v1/registry');
  assert.equal(items.length, network.nodes.length);
  for (const item of items) {
    assert.equal(item.id, hex(sha3_256(fromBase64url(item.key))));
  }
  const registered = new Map(items.map((item) => [item.id, item.key]));
  for (const member of committee) {
    assert.equal(registered.get(member.id), Buffer.from(member.spki).toString('base64url'));
  }
});

test('every block after genesis is certified by a quorum or by its child', async () => {
  const node = network.nodes.at(-1); // a follower: it was told all of it
  // Both registrations may be in block 1; then the next one is the heartbeat's.
  let height = 0;
  await waitUntil(async () => {
    ({ height } = await get(node, '/v1/status'));
    return height >= 2;
  }, 'two blocks');
  let child = null;
  for (let number = height; number > 0; number--) {
    const block = await get(node, `/v1/blocks/${number}`);
    const header = fromBase64url(block.header);
    assert.equal(block.id, hex(sha3_256(header)));
    if (child !== null) {
      assert.equal(child.parent, block.id);
    }
    if (block.certificate === null) {
      assert.notEqual(child, null, 'the last block has a certificate');
    } else {
      checkCertificate(block, header);
    }
    child = block;
  }
});

function checkCertificate(block, header) {
  const { certificate } = block;
  const bytes = fromBase64url(certificate.bytes);
  assert.ok(isFinal(header, bytes), `block ${block.height}`);
  // What the API shows is what the certificate says.
  const digest = digestOf(encode([certificate.epoch, certificate.view, certificate.parent_view,
    fromHex(block.id)]));
  assert.equal(certificate.digest, hex(digest));
  assert.equal(certificate.context, 'qnet/1/finalize');
  assert.equal(certificate.signers.length, QUORUM);
  for (const { index, id, signature } of certificate.signers) {
    assert.equal(committee[index].id, id);
    assert.ok(holds(committee[index].spki, 'finalize', digest, fromBase64url(signature)));
    assert.ok(!holds(committee[index].spki, 'notarize', digest, fromBase64url(signature)));
  }
}

test('one bit changed anywhere in a certificate or header makes it fail', async () => {
  const block = await get(network.nodes[0], '/v1/blocks/1');
  const [header, bytes] = [fromBase64url(block.header), fromBase64url(block.certificate.bytes)];
  const isFinalOrThrows = (a, b) => {
    try {
      return isFinal(a, b);
    } catch {
      return false;
    }
  };
  assert.ok(isFinalOrThrows(header, bytes));
  assert.ok(!isFinalOrThrows(flipped(header), bytes));
  for (let i = 0; i < 16; i++) {
    const broken = flipped(bytes);
    assert.ok(!isFinalOrThrows(header, broken), hex(broken));
  }
});

test("the committee's hash is in the header", async () => {
  const { header } = await get(network.nodes[0], '/v1/blocks/head');
  const set = encode(committee.map(({ id }) => [1, fromHex(id)]));
  assert.equal(hex(decode(fromBase64url(header)).get(9)), hex(sha3_256(set)));
});

test('every transaction is signed by the node that it registers', async () => {
  const { height } = await get(network.nodes[0], '/v1/status');
  let count = 0;
  for (let number = 1; number <= height; number++) {
    const { transactions } = await get(network.nodes[0], `/v1/blocks/${number}`);
    for (const transaction of transactions) {
      const bytes = fromBase64url(transaction.bytes);
      const envelope = decode(bytes);
      const payload = decode(envelope.get(1));
      assert.equal(transaction.id, hex(sha3_256(bytes)));
      assert.equal(transaction.node, hex(sha3_256(payload.get(5))));
      assert.equal(hex(payload.get(2)), hex(networkId));
      const digest = digestOf(envelope.get(1));
      assert.ok(holds(payload.get(5), 'transaction', digest, envelope.get(2)));
      assert.ok(!holds(payload.get(5), 'transaction', flipped(digest), envelope.get(2)));
      count += 1;
    }
  }
  assert.equal(count, network.nodes.length - GENESIS);
});

test("a node's record is signed with the key that the registry holds", async () => {
  for (const node of network.nodes) {
    const { record } = await get(node, '/v1/status');
    const spki = fromBase64url((await get(network.nodes[0], `/v1/registry/${node.id}`)).key);
    const envelope = decode(fromBase64url(record));
    const [payload, signature] = [envelope.get(1), envelope.get(2)];
    assert.equal(hex(decode(payload).get(1)), node.id);
    assert.equal(node.id, hex(sha3_256(spki)));
    assert.ok(holds(spki, 'record', digestOf(payload), signature));
    assert.ok(!holds(spki, 'record', digestOf(flipped(payload)), signature));
    assert.ok(!holds(spki, 'record', digestOf(payload), flipped(signature)));
    assert.ok(!holds(spki, 'transaction', digestOf(payload), signature));
    assert.ok(!holds(spki, 'record', sha3_256(payload), signature), 'bound to the network');
  }
});

test('an entry is proved from the genesis certificates alone', async () => {
  for (const node of network.nodes) {
    const answer = await get(network.nodes.at(-1), `/v1/registry/${node.id}/proof`);
    const [entry, proof, header] = [answer.entry, answer.proof, answer.header].map(fromBase64url);
    assert.equal(answer.present, true);
    assert.ok(isFinal(header, fromBase64url(answer.certificate)));
    const fields = decode(header);
    assert.equal(fields.get(4), answer.height);
    const root = hex(fields.get(7));
    const id = fromHex(node.id);
    assert.equal(rootOfProof(id, entry, proof), root);
    assert.equal(hex(decode(entry).get(2)), node.id);
    assert.equal(hex(decode(entry).get(4)), node.id, 'the key is the first one');
    assert.equal(decode(entry).get(10), 1, 'active');
    assert.notEqual(rootOfProof(id, flipped(entry), proof), root);
    assert.notEqual(rootOfProof(flipped(id), entry, proof), root);
    assert.notEqual(rootOfProof(id, null, proof), root, 'presence is no absence');
  }
});

test('an absence is proved as well', async () => {
  for (let i = 0; i < 8; i++) {
    const id = new Uint8Array(randomBytes(32));
    const answer = await get(network.nodes[i % network.nodes.length], `/v1/registry/${hex(id)}/proof`);
    assert.deepEqual([answer.present, answer.entry], [false, null]);
    const header = fromBase64url(answer.header);
    assert.ok(isFinal(header, fromBase64url(answer.certificate)));
    const root = hex(decode(header).get(7));
    assert.equal(rootOfProof(id, null, fromBase64url(answer.proof)), root);
    const registered = fromHex(network.nodes[0].id);
    assert.notEqual(rootOfProof(registered, null, fromBase64url(answer.proof)), root);
  }
});

test('web/verify takes the same proofs in one file', async () => {
  const trusted = trust(network.certificates, { network: networkId });
  for (const node of network.nodes) {
    const response = await fetch(`${node.api}/v1/registry/${node.id}/proof.cbor`);
    assert.equal(response.headers.get('content-type'), 'application/cbor');
    const verdict = verifyProof(trusted, new Uint8Array(await response.arrayBuffer()), { nodeId: fromHex(node.id) });
    assert.deepEqual([verdict.isMember, verdict.state, verdict.signatures], [true, 'active', QUORUM]);
  }
});
