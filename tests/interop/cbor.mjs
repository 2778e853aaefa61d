// As much CBOR (RFC 8949) as QNet's messages have: unsigned integers, byte and text strings, arrays,
// maps with integer keys, false and true. Written from the RFC, for the tests beside it.

// Decodes one item that takes all of the bytes. Maps become Map, integers BigInt when they must.
export function decode(bytes) {
  const state = { bytes, at: 0 };
  const value = item(state);
  if (state.at !== bytes.length) {
    throw new Error(`${bytes.length - state.at} bytes after the item`);
  }
  return value;
}

function take(state, count) {
  if (state.at + count > state.bytes.length) {
    throw new Error('truncated');
  }
  state.at += count;
  return state.bytes.subarray(state.at - count, state.at);
}

function argument(state, info) {
  if (info < 24) {
    return info;
  }
  if (info > 27) {
    throw new Error(`additional information ${info}`);
  }
  let value = 0n;
  for (const byte of take(state, 1 << (info - 24))) {
    value = (value << 8n) | BigInt(byte);
  }
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

function item(state) {
  const [head] = take(state, 1);
  const info = head & 31;
  switch (head >> 5) {
    case 0:
      return argument(state, info);
    case 2:
      return take(state, argument(state, info));
    case 3:
      return new TextDecoder('utf-8', { fatal: true }).decode(take(state, argument(state, info)));
    case 4:
      return Array.from({ length: argument(state, info) }, () => item(state));
    case 5:
      return new Map(Array.from({ length: argument(state, info) }, () => [item(state), item(state)]));
    case 7:
      if (info === 20 || info === 21) {
        return info === 21;
      }
    // falls through
    default:
      throw new Error(`head ${head}`);
  }
}

function head(major, number) {
  const value = BigInt(number);
  const size = value < 24n ? 0 : value < 0x100n ? 1 : value < 0x10000n ? 2 : value < 0x100000000n ? 4 : 8;
  if (size === 0) {
    return Uint8Array.of((major << 5) | Number(value));
  }
  const bytes = new Uint8Array(1 + size);
  bytes[0] = (major << 5) | (24 + Math.log2(size));
  for (let i = 0; i < size; i++) {
    bytes[size - i] = Number((value >> BigInt(8 * i)) & 255n);
  }
  return bytes;
}

// Bytes that stand for themselves, where an encoded item is put in whole.
export class Encoded {
  constructor(bytes) {
    this.bytes = bytes;
  }
}

// Deterministic encoding (section 4.2): the keys of a Map must come in ascending order.
export function encode(value) {
  if (value instanceof Encoded) {
    return value.bytes;
  }
  if (typeof value === 'number' || typeof value === 'bigint') {
    return head(0, value);
  }
  if (value instanceof Uint8Array) {
    return Buffer.concat([head(2, value.length), value]);
  }
  if (typeof value === 'string') {
    return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  }
  if (Array.isArray(value)) {
    return Buffer.concat([head(4, value.length), ...value.map(encode)]);
  }
  if (value instanceof Map) {
    return Buffer.concat([head(5, value.size), ...[...value].flat().map(encode)]);
  }
  throw new Error(`cannot encode ${typeof value}`);
}
