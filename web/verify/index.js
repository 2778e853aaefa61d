// Verifies registry proofs of a QNet network with nothing but its genesis certificates. The same checks in the
// same order as the C library (include/qnet/verify.h), with the same names of errors.
import { sha3_256 } from '@noble/hashes/sha3.js';
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { encode, Malformed } from './cbor.js';
import { equal, genesisCertificate, proof as decodeProof, PROOF_LEN_MAX, proofVersion, SUITES } from './parts.js';

const TEXTS = {
  malformed: 'not the one canonical encoding of a proof',
  too_big: 'larger than a proof may be',
  version: 'a version of proofs that this program does not know',
  network: 'made for another network than the genesis certificates define',
  committee: 'a committee is not the one that the chain names',
  epoch: 'the chain of committees has a gap or an end in the wrong place',
  certificate: 'a certificate does not make its block final',
  quorum: 'a certificate is not signed by exactly one quorum',
  signature: 'a signature does not verify',
  history: 'the block is not in the history of the certified one',
  state: "the path does not lead to the block's state root",
  entry: 'the entry is not that of the node id',
  node_id: 'the proof is about another node id',
  genesis_malformed: 'not a genesis certificate',
  genesis_count: 'a network has 4 to 100 genesis certificates',
  genesis_name: 'the genesis certificates name different networks',
  genesis_duplicate: 'two genesis certificates have one id or key',
  genesis_signature: 'a genesis certificate is not signed by its key',
};

// Why a proof or a set of certificates is refused; code is one of the names above.
export class VerifyError extends Error {
  constructor(code) {
    super(TEXTS[code]);
    this.name = 'VerifyError';
    this.code = code;
  }
}

function need(claim, code) {
  if (!claim) {
    throw new VerifyError(code);
  }
}

// What is not of the form is refused by this name; all else that is thrown goes on.
function read(code, action) {
  try {
    return action();
  } catch (error) {
    throw error instanceof Malformed ? new VerifyError(code) : error;
  }
}

function hash(...parts) {
  const state = sha3_256.create();
  parts.forEach((part) => state.update(part));
  return state.digest();
}

const inner = (left, right) => hash(Uint8Array.of(1), left, right);

// Ascending order of bytes: below, equal or above zero.
function compare(a, b) {
  const at = a.findIndex((byte, i) => byte !== b[i]);
  return at < 0 ? 0 : a[at] - b[at];
}

const DSA = { 1: ml_dsa65, 2: ml_dsa87, 3: ml_dsa44 };

function signatureHolds(member, purpose, digest, signature) {
  const form = SUITES[member.suite];
  const context = new TextEncoder().encode(`qnet/1/${purpose}`);
  return signature.length === form.signature
    && DSA[member.suite].verify(signature, digest, member.key.subarray(form.prefix.length), { context });
}

function fromBase64url(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) {
    return null;
  }
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = Uint8Array.from(plain, (c) => c.charCodeAt(0));
  return toBase64url(bytes) === text ? bytes : null;
}

function toBase64url(bytes) {
  const plain = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  return plain.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

// From genesis certificates, as bytes or base64url, in any order, to what proofs are held to. network (bytes, may lack)
// pins the network id; without it, it follows from the certificates and a proof's parameters.
export function trust(certificates, { network = null } = {}) {
  need(certificates.length >= 4 && certificates.length <= 100, 'genesis_count');
  const read1 = (given) => read('genesis_malformed', () => {
    const bytes = typeof given === 'string' ? fromBase64url(given.trim()) : given;
    need(bytes !== null && bytes.length <= 8192, 'genesis_malformed');
    const fields = genesisCertificate(bytes);
    return { bytes, ...fields, id: hash(fields.key) };
  });
  const all = [];
  for (const given of certificates) {
    const next = read1(given);
    need(all.every(({ name }) => name === next.name), 'genesis_name');
    need(signatureHolds(next, 'genesis', hash(new Uint8Array(32), next.payload), next.signature), 'genesis_signature');
    need(all.every((other) => other.bootstrapId !== next.bootstrapId && !equal(other.id, next.id)), 'genesis_duplicate');
    all.push(next);
  }
  all.sort((a, b) => a.bootstrapId - b.bootstrapId);
  const members = all.map(({ suite, key, id }) => ({ suite, key, id })).sort((a, b) => compare(a.id, b.id));
  return { certificates: all.map(({ bytes }) => bytes), members, network };
}

const committeeHash = (members) => hash(...encode(members.map(({ suite, id }) => [suite, id])));

// Ids of the keys, which must ascend.
function committeeOf(keys, validatorsHash) {
  const members = keys.map((member) => ({ ...member, id: hash(member.key) }));
  need(members.every(({ id }, i) => i === 0 || compare(members[i - 1].id, id) < 0), 'committee');
  need(equal(committeeHash(members), validatorsHash), 'committee');
  return members;
}

// That exactly a quorum of the committee made the block final. Returns how many signatures that took.
function checkFinal(network, members, header, certificate) {
  need(equal(header.network, network), 'network');
  need(equal(committeeHash(members), header.validatorsHash), 'committee');
  need(certificate.isFinal && certificate.epoch === header.epoch
    && equal(certificate.blockId, hash(header.bytes)), 'certificate');
  const { bitmap, signatures } = certificate;
  const signs = (i) => ((bitmap[i >> 3] >> (i & 7)) & 1) === 1;
  const beyond = Array.from({ length: 8 * bitmap.length }, (_, i) => i).slice(members.length);
  need(bitmap.length === Math.ceil(members.length / 8) && !beyond.some(signs)
    && signatures.length === members.length - Math.floor((members.length - 1) / 3), 'quorum');
  const digest = hash(network, ...encode([certificate.epoch, certificate.view, certificate.parentView,
    certificate.blockId]));
  members.filter((_, i) => signs(i)).forEach((member, position) => {
    need(signatureHolds(member, 'finalize', digest, signatures[position]), 'signature');
  });
  return signatures.length;
}

// The committee that signs the last block, and how many signatures were verified on the way.
function walkEpochs(network, genesis, proof) {
  let members = genesis;
  let lowest = 1n;
  let signatures = 0;
  proof.steps.forEach(({ header, certificate, next }, epoch) => {
    need(header.epoch === BigInt(epoch) && header.height >= lowest && header.endsEpoch, 'epoch');
    signatures += checkFinal(network, members, header, certificate);
    members = committeeOf(next, header.nextValidatorsHash);
    lowest = header.height + 1n;
  });
  const last = proof.anchor === null ? proof.header : proof.anchor.header;
  need(last.epoch === BigInt(proof.steps.length) && last.height >= lowest, 'epoch');
  return { members, signatures };
}

// The mountains of a history of count ids, the largest first.
function mountains(count) {
  const found = [];
  let start = 0n;
  for (let level = 63; level >= 0; level--) {
    if ((count >> BigInt(level)) & 1n) {
      found.push({ level, start, end: start + (1n << BigInt(level)) });
      start += 1n << BigInt(level);
    }
  }
  return found;
}

// That the block is the one at its height in the anchor's history.
function checkHistory({ header, anchor }, blockId) {
  const count = anchor.header.height;
  need(header.height < count && header.epoch <= anchor.header.epoch, 'history');
  const all = mountains(count);
  const own = all.findIndex(({ start, end }) => header.height >= start && header.height < end);
  need(anchor.path.length === all[own].level + all.length - 1, 'history');
  const siblings = anchor.path.slice(0, all[own].level);
  const peaks = anchor.path.slice(all[own].level);
  const offset = header.height - all[own].start;
  const peak = siblings.reduce(
    (node, sibling, level) => ((offset >> BigInt(level)) & 1n ? inner(sibling, node) : inner(node, sibling)),
    hash(Uint8Array.of(0), blockId),
  );
  peaks.splice(own, 0, peak);
  const size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(0, count);
  need(equal(hash(Uint8Array.of(2), size, ...peaks), anchor.header.historyRoot), 'history');
}

const bit = (key, depth) => (key[depth >> 3] >> (7 - (depth & 7))) & 1;

// That the state has the entry, or none, of the node id.
function checkState({ header, path, nodeId, entry, entryBytes }) {
  const { siblings, leaf } = path;
  need(entry === null || equal(entry.id, nodeId), 'entry');
  const key = hash(nodeId);
  if (entry !== null) {
    need(leaf !== null && equal(leaf.key, key) && equal(leaf.valueHash, hash(entryBytes)), 'state');
  } else if (leaf !== null) {
    const isOnPath = siblings.every((_, depth) => bit(leaf.key, depth) === bit(key, depth));
    need(!equal(leaf.key, key) && isOnPath, 'state');
  }
  let node = leaf === null ? new Uint8Array(32) : hash(Uint8Array.of(0), leaf.key, leaf.valueHash);
  for (let depth = siblings.length - 1; depth >= 0; depth--) {
    node = bit(key, depth) ? inner(siblings[depth], node) : inner(node, siblings[depth]);
  }
  need(equal(node, header.stateRoot), 'state');
}

// The state of what was proved at a time: "none", "active", "revoked", "expired" or "rotated".
export function stateAt(verdict, unixMs) {
  if (verdict.entry === null) {
    return 'none';
  }
  const isExpired = BigInt(unixMs) >= verdict.entry.validUntilMs;
  return verdict.entry.status === 'active' && isExpired ? 'expired' : verdict.entry.status;
}

function decode(bytes) {
  need(bytes.length <= PROOF_LEN_MAX, 'too_big');
  const version = proofVersion(bytes);
  need(version !== null, 'malformed');
  need(version === 1n, 'version');
  return read('malformed', () => decodeProof(bytes));
}

// Holds a proof (bytes) to the trusted certificates. Returns the verdict, or throws a VerifyError. nodeId (bytes, may
// lack): whom the caller asks about. How old the answer may be is for the caller to judge by timeMs: the proof
// holds for its height, for ever.
export function verifyProof(trusted, bytes, { nodeId = null } = {}) {
  const proof = decode(bytes);
  need(nodeId === null || equal(nodeId, proof.nodeId), 'node_id');
  const network = hash(...encode(['qnet/1/genesis', trusted.certificates, proof.parameters]));
  need(trusted.network === null || equal(trusted.network, network), 'network');
  const blockId = hash(proof.header.bytes);
  const certified = proof.anchor === null ? proof.header : proof.anchor.header;
  const epochs = walkEpochs(network, trusted.members, proof);
  need(equal(proof.header.network, network), 'network');
  const signatures = epochs.signatures + checkFinal(network, epochs.members, certified, proof.certificate);
  if (proof.anchor !== null) {
    checkHistory(proof, blockId);
  }
  checkState(proof);
  const { header, nodeId: id, entry } = proof;
  const verdict = {
    nodeId: id,
    isMember: entry !== null,
    entry,
    network,
    height: header.height,
    timeMs: header.timeMs,
    epoch: header.epoch,
    blockId,
    stateRoot: header.stateRoot,
    certifiedHeight: certified.height,
    certifiedEpoch: certified.epoch,
    signatures,
  };
  return { ...verdict, state: stateAt(verdict, verdict.timeMs) };
}
