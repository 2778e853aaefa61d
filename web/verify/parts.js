// The form of a proof and of what is in it: registry-proof in docs/protocol.cddl.
import { decode, Malformed } from './cbor.js';

export const PROOF_LEN_MAX = 64 * 1048576;
const EPOCHS_MAX = 4096;
const COMMITTEE_MAX = 100;
const SIGNATURE_LEN_MAX = 4627;
const CERTIFICATE_LEN_MAX = 310296;

const fromHex = (text) => Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));

// By suite: the bytes of a DER SubjectPublicKeyInfo before the raw key (RFC 9881), and lengths.
export const SUITES = {
  1: { name: 'ML-DSA-65', prefix: fromHex('308207b2300b0609608648016503040312038207a100'), key: 1952, signature: 3309 },
  2: { name: 'ML-DSA-87', prefix: fromHex('30820a32300b060960864801650304031303820a2100'), key: 2592, signature: 4627 },
  3: { name: 'ML-DSA-44', prefix: fromHex('30820532300b06096086480165030403110382052100'), key: 1312, signature: 2420 },
};

export const equal = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

function require(claim) {
  if (!claim) {
    throw new Malformed('a value that cannot be');
  }
}

function member(reader, suite, key) {
  const form = SUITES[suite];
  require(form !== undefined && key.length === form.prefix.length + form.key
    && equal(key.subarray(0, form.prefix.length), form.prefix));
  return { suite, key };
}

function endpoint(reader) {
  let host;
  let port;
  const read = [(r) => { host = r.text(63); }, (r) => { port = r.number(65535); }];
  reader.array(2, 2, (r) => read.shift()(r));
  require(/^[A-Za-z0-9.:_-]{1,63}$/.test(host) && port !== 0);
  return { host, port };
}

export function genesisCertificate(bytes) {
  const envelope = decode(bytes, (reader) => reader.map((map) => ({
    payload: map.at(1).string(1, 8192),
    signature: map.at(2).string(1, SIGNATURE_LEN_MAX),
  })));
  const fields = decode(envelope.payload, (reader) => reader.map((map) => {
    const name = map.at(1).text(32);
    const bootstrapId = map.at(2).number(999);
    const suite = map.at(3).number(255);
    const { key } = member(reader, suite, map.at(4).string(1, 2614));
    map.at(5).number(5);
    map.at(6).array(1, 4, endpoint);
    map.at(7).uint();
    require(name !== '' && bootstrapId !== 0);
    return { name, bootstrapId, suite, key };
  }));
  return { ...envelope, ...fields };
}

function header(bytes) {
  return decode(bytes, (reader) => reader.map((map) => {
    require(map.at(1).number(1) === 1);
    const fields = {
      bytes,
      network: map.at(2).hash(),
      epoch: map.at(3).uint(),
      height: map.at(4).uint(),
      parent: map.at(5).hash(),
      txRoot: map.at(6).hash(),
      stateRoot: map.at(7).hash(),
      historyRoot: map.at(8).hash(),
      validatorsHash: map.at(9).hash(),
      nextValidatorsHash: map.at(10).hash(),
      timeMs: map.at(11).uint(),
      endsEpoch: map.at(12).number(1) === 1,
    };
    require(fields.endsEpoch !== equal(fields.validatorsHash, fields.nextValidatorsHash));
    return fields;
  }));
}

const bitCount = (bytes) => bytes.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);

function certificate(bytes) {
  return decode(bytes, (reader) => reader.map((map) => {
    const kind = map.at(1).number(2);
    const fields = {
      isFinal: kind === 2,
      epoch: map.at(2).uint(),
      view: map.at(3).uint(),
      parentView: map.at(4).uint(),
      blockId: map.at(5).hash(),
      bitmap: map.at(6).string(1, 13),
      signatures: map.at(7).array(1, 67, (r) => r.string(1, SIGNATURE_LEN_MAX)),
    };
    require(kind !== 0 && bitCount(fields.bitmap) === fields.signatures.length);
    return fields;
  }));
}

const readHeader = (reader) => header(reader.string(1, 400));
const readCertificate = (reader) => certificate(reader.string(1, CERTIFICATE_LEN_MAX));

function committeeMember(reader) {
  let suite;
  let key;
  const read = [(r) => { suite = r.number(255); }, (r) => { key = r.string(1, 2614); }];
  reader.array(2, 2, (r) => read.shift()(r));
  return member(reader, suite, key);
}

function step(reader) {
  return reader.map((map) => ({
    header: readHeader(map.at(1)),
    certificate: readCertificate(map.at(2)),
    next: map.at(3).array(4, COMMITTEE_MAX, committeeMember),
  }));
}

function statePath(bytes) {
  return decode(bytes, (reader) => reader.map((map) => {
    const path = { siblings: map.at(1).array(0, 256, (r) => r.hash()), leaf: null };
    if (map.pairs > 0) {
      path.leaf = { key: map.at(2).hash(), valueHash: map.at(3).hash() };
    }
    return path;
  }));
}

const STATUSES = [null, 'active', 'revoked', 'rotated'];

function entry(bytes) {
  return decode(bytes, (reader) => reader.map((map) => {
    const fields = {
      index: map.at(1).uint(),
      id: map.at(2).hash(),
      suite: map.at(3).number(255),
      keyHash: map.at(4).hash(),
      region: map.at(5).number(5),
      roles: map.at(6).number(0xffffffff),
      endpoint: map.has(7) ? endpoint(map.at(7)) : null,
      announceTip: map.at(8).hash(),
      validUntilMs: map.at(9).uint(),
      status: STATUSES[map.at(10).number(3)],
      sequence: map.at(11).uint(),
      registeredHeight: map.at(12).uint(),
      changedHeight: map.at(13).uint(),
      revokeReason: map.at(14).number(0xffffffff),
      codeClass: map.at(15).number(0xffffffff),
      successor: null,
      equivocatedHeight: 0n,
    };
    require(fields.status !== null);
    if (fields.status === 'rotated') {
      fields.successor = map.at(16).hash();
    }
    if (map.pairs > 0) {
      fields.equivocatedHeight = map.at(17).uint();
      require(fields.equivocatedHeight > 0n);
    }
    return fields;
  }));
}

// Of a proof's version alone, which says how to read the rest.
export function proofVersion(bytes) {
  const early = { version: null };
  try {
    decode(bytes, (reader) => reader.map((map) => {
      early.version = map.at(1).uint();
    }));
  } catch (error) {
    if (!(error instanceof Malformed)) {
      throw error;
    }
  }
  return early.version;
}

export function proof(bytes) {
  return decode(bytes, (reader) => reader.map((map) => {
    map.at(1).uint();
    const fields = {
      parameters: map.at(2).string(1, 1024),
      steps: map.at(3).array(0, EPOCHS_MAX, step),
      header: readHeader(map.at(4)),
      certificate: readCertificate(map.at(5)),
      anchor: map.has(6) ? map.at(6).map((anchor) => ({
        header: readHeader(anchor.at(1)),
        path: anchor.at(2).array(0, 127, (r) => r.hash()),
      })) : null,
      path: statePath(map.at(7).string(1, 34 * 256 + 128)),
      nodeId: map.at(8).hash(),
      entryBytes: null,
      entry: null,
    };
    if (map.pairs > 0) {
      fields.entryBytes = map.at(9).string(1, 512);
      fields.entry = entry(fields.entryBytes);
    }
    return fields;
  }));
}
