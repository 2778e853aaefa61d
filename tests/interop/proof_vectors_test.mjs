// web/verify, held to the same vectors as the C library (tests/proof_vectors_test.c).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { stateAt, trust, verifyProof, VerifyError } from '../../web/verify/index.js';

const folder = `${import.meta.dirname}/../vectors/proofs`;
const vectors = JSON.parse(readFileSync(`${folder}/proofs.json`, 'utf8'));
const trusted = Object.fromEntries(Object.entries(vectors.genesis).map(([name, set]) => [name, trust(set)]));
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const read = (name) => new Uint8Array(readFileSync(`${folder}/${name}.cbor`));
const genesisOf = (name) => trusted[vectors.valid.find((vector) => vector.name === name).genesis];

// So many places of each proof are changed: each takes noble some ms.
const FLIPS = 12;
const TRUNCATIONS = 200;
const seed = Number(process.env.QNET_TEST_SEED ?? Date.now() % 1e9);
console.log(`QNET_TEST_SEED=${seed}`);

// mulberry32
let randomState = seed;
function random(below) {
  randomState = (randomState + 0x6d2b79f5) | 0;
  let t = Math.imul(randomState ^ (randomState >>> 15), 1 | randomState);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % below;
}

// "ok", or the code of the error; anything else that is thrown is a fault of the verifier.
function verdictOn(trust_, bytes, options) {
  try {
    return { code: 'ok', verdict: verifyProof(trust_, bytes, options) };
  } catch (error) {
    if (!(error instanceof VerifyError)) {
      throw error;
    }
    assert.ok(error.message.length > 0);
    return { code: error.code };
  }
}

function plain(verdict) {
  const { entry } = verdict;
  return {
    member: verdict.isMember,
    state: verdict.state,
    height: Number(verdict.height),
    time_ms: Number(verdict.timeMs),
    epoch: Number(verdict.epoch),
    certified_height: Number(verdict.certifiedHeight),
    certified_epoch: Number(verdict.certifiedEpoch),
    signatures: verdict.signatures,
    node_id: hex(verdict.nodeId),
    network: hex(verdict.network),
    block_id: hex(verdict.blockId),
    state_root: hex(verdict.stateRoot),
    ...(entry === null ? {} : {
      entry: {
        index: Number(entry.index),
        suite: entry.suite,
        region: entry.region,
        roles: entry.roles,
        host: entry.endpoint?.host ?? '',
        port: entry.endpoint?.port ?? 0,
        sequence: Number(entry.sequence),
        registered_height: Number(entry.registeredHeight),
        changed_height: Number(entry.changedHeight),
        revoke_reason: entry.revokeReason,
        code_class: entry.codeClass,
        valid_until_ms: String(entry.validUntilMs),
        key_hash: hex(entry.keyHash),
        successor: hex(entry.successor ?? new Uint8Array(32)),
        equivocated_height: Number(entry.equivocatedHeight),
      },
    }),
  };
}

test('valid proofs hold and say what they should', () => {
  for (const { name, genesis, bytes, verdict } of vectors.valid) {
    const proof = read(name);
    assert.equal(proof.length, bytes);
    const answer = verdictOn(trusted[genesis], proof);
    assert.equal(answer.code, 'ok', name);
    assert.deepEqual(plain(answer.verdict), verdict, name);
  }
  assert.ok(vectors.valid.length >= 12);
});

test('invalid proofs fail for their reason', () => {
  for (const { name, of, at, out, in: inserted, error } of vectors.invalid) {
    const base = read(of);
    const proof = new Uint8Array(Buffer.concat([base.subarray(0, at), Buffer.from(inserted, 'hex'),
      base.subarray(at + out)]));
    assert.equal(verdictOn(genesisOf(of), proof).code, error, name);
  }
  assert.ok(vectors.invalid.length >= 35);
});

test('a changed bit is noticed', () => {
  for (const { name } of vectors.valid) {
    const proof = read(name);
    const { verdict } = verdictOn(genesisOf(name), proof);
    for (let i = 0; i < FLIPS; i++) {
      const at = random(proof.length);
      const mask = 1 << random(8);
      proof[at] ^= mask;
      const answer = verdictOn(genesisOf(name), proof);
      // Absence is often that of several ids.
      const ofAnother = answer.code === 'ok' && !verdict.isMember && !answer.verdict.isMember
        && hex(answer.verdict.nodeId) !== hex(verdict.nodeId);
      assert.ok(answer.code !== 'ok' || ofAnother, `${name}: byte ${at} ^ ${mask}`);
      proof[at] ^= mask;
    }
  }
});

test('truncations are malformed', () => {
  for (const { name } of vectors.valid) {
    const proof = read(name);
    for (let i = 0; i < TRUNCATIONS; i++) {
      assert.equal(verdictOn(genesisOf(name), proof.subarray(0, random(proof.length))).code, 'malformed');
    }
  }
});

test('another network or id is an error', () => {
  const proof = read('member');
  const { verdict } = verdictOn(trusted.mldsa65, proof);
  const other = new Uint8Array(32).fill(1);
  assert.equal(verdictOn(trusted.mldsa87, proof).code, 'network');
  assert.equal(verdictOn(trusted.mldsa65, proof, { nodeId: other }).code, 'node_id');
  assert.equal(verdictOn(trusted.mldsa65, proof, { nodeId: verdict.nodeId }).code, 'ok');
  assert.equal(verdictOn(trust(vectors.genesis.mldsa65, { network: other }), proof).code, 'network');
  assert.equal(verdictOn(trust(vectors.genesis.mldsa65, { network: verdict.network }), proof).code, 'ok');
});

test('wrong certificates are refused', () => {
  const set = vectors.genesis.mldsa65;
  const code = (certificates) => {
    try {
      trust(certificates);
      return 'ok';
    } catch (error) {
      assert.ok(error instanceof VerifyError, String(error));
      return error.code;
    }
  };
  const bytes = Buffer.from(set[3], 'base64url');
  bytes[bytes.length - 1] ^= 1;
  assert.equal(code([...set].reverse()), 'ok');
  assert.equal(code(set.slice(1)), 'genesis_count');
  assert.equal(code([...set.slice(1), set[1]]), 'genesis_duplicate');
  assert.equal(code([...set.slice(0, 3), bytes]), 'genesis_signature');
  assert.equal(code([...set.slice(0, 3), bytes.subarray(1)]), 'genesis_malformed');
  assert.equal(code([...set.slice(0, 3), `${set[3]}=`]), 'genesis_malformed');
});

test('states follow the time', () => {
  const { verdict } = verdictOn(trusted.mldsa65, read('member-expired'));
  const until = verdict.entry.validUntilMs;
  assert.equal(stateAt(verdict, until - 1n), 'active');
  assert.equal(stateAt(verdict, Number(until)), 'expired');
});
