// Makes mldsa.txt with an implementation that shares no code with OpenSSL. Not part of the build:
//   cd $(mktemp -d) && npm install @noble/post-quantum && cp THIS_FILE . && node make_mldsa.mjs
// Written with @noble/post-quantum 0.7.1. The seeds are those of NIST's ACVP vectors
// ML-DSA-keyGen-FIPS204, test cases 26, 51 and 1; the SHA-256 of the public keys given there is
// held against noble's below.
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { sha3_256 } from '@noble/hashes/sha3.js';

const suites = [
  {
    name: 'ML-DSA-65', dsa: ml_dsa65, oid: '12',
    seed: '1bd67dc782b2958e189e315c040dd1f64c8ab232a6a170e1a7a52c33f10851b1',
    nist: '6fb1146b85539fb5c53d35b66dae94202fcd5575a537172cf1156220476f7920',
  },
  {
    name: 'ML-DSA-87', dsa: ml_dsa87, oid: '13',
    seed: 'f7052fbb921759cd8716773ba6355630121d6927899fdda5768e2bc240fccb7b',
    nist: '40298270777d3306d2fcb6b4691d7a7ab799cd1069eea88f843cf0ec26d4b01f',
  },
  {
    name: 'ML-DSA-44', dsa: ml_dsa44, oid: '11',
    seed: 'd71361c000f9a7bc99dfb425bcb6bb27c32c36ab444ff3708b2d93b4e66d5b5b',
    nist: '451a808c522218fadbdab146fc12004b0741c7d069f238f43ad77216159f6a34',
  },
];
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const length = (count) => Buffer.from([0x82, count >> 8, count & 255]);

// RFC 9881, section 2 and 4, put together here and not taken from the C code.
function spki(oid, key) {
  const algorithm = Buffer.from(`300b06096086480165030403${oid}`, 'hex');
  const bits = Buffer.concat([Buffer.from([3]), length(key.length + 1), Buffer.from([0]), key]);
  const body = Buffer.concat([algorithm, bits]);
  return Buffer.concat([Buffer.from([0x30]), length(body.length), body]);
}

const network = Buffer.alloc(32, 0x5a);
const message = Buffer.from('what a node signs');
const digest = sha3_256(Buffer.concat([network, message]));
const context = Buffer.from('qnet/1/notarize');

console.log('# Made by make_mldsa.mjs with @noble/post-quantum; see there. All values in hex.');
console.log('# digest = SHA3-256(network id || message); signatures are the deterministic variant');
console.log('# of FIPS 204 over digest with the context string "qnet/1/notarize".');
console.log(`network ${hex(network)}\nmessage ${hex(message)}\ndigest ${hex(digest)}`);
for (const suite of suites) {
  const { publicKey, secretKey } = suite.dsa.keygen(Buffer.from(suite.seed, 'hex'));
  if (hex(sha256(publicKey)) !== suite.nist) {
    throw new Error(`${suite.name}: not the public key of NIST's vector`);
  }
  const signature = suite.dsa.sign(digest, secretKey, { context, extraEntropy: false });
  console.log(`\n# ${suite.name}\nseed ${suite.seed}`);
  console.log(`node_id ${hex(sha3_256(spki(suite.oid, publicKey)))}`);
  console.log(`signature ${hex(signature)}`);
}
