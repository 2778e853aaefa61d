// The deterministic CBOR of QNet (docs/protocol.md, section 2), read strictly: one encoding for each value, and
// every other is an error. Unsigned integers are BigInt.

export class Malformed extends Error {}

function malformed(why) {
  throw new Malformed(why);
}

const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;

export class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  get left() {
    return this.bytes.length - this.at;
  }

  take(count) {
    if (count > this.left) {
      malformed('truncated');
    }
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  // The argument of a head of this major type, in its shortest form.
  head(major, max) {
    const [first] = this.take(1);
    let argument = BigInt(first & 31);
    if (first >> 5 !== major || argument > 27n) {
      malformed('another type');
    }
    if (argument > 23n) {
      const width = 1 << Number(argument - 24n);
      argument = this.take(width).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
      if (argument < (width === 1 ? 24n : 1n << BigInt(4 * width))) {
        malformed('a longer head than needed');
      }
    }
    if (argument > BigInt(max)) {
      malformed('beyond its limit');
    }
    return argument;
  }

  uint(max = 0xffffffffffffffffn) {
    return this.head(0, max);
  }

  number(max) {
    return Number(this.head(0, max));
  }

  string(min, max) {
    const length = Number(this.head(BYTES, max));
    if (length < min) {
      malformed('too short');
    }
    return this.take(length);
  }

  hash() {
    return this.string(32, 32);
  }

  text(max) {
    const bytes = this.take(Number(this.head(TEXT, max)));
    try {
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
      return text.includes('\0') ? malformed('U+0000') : text;
    } catch {
      return malformed('not UTF-8');
    }
  }

  array(min, max, item) {
    const count = Number(this.head(ARRAY, max));
    if (count < min) {
      malformed('too few');
    }
    return Array.from({ length: count }, () => item(this));
  }

  // A map: fields(map) takes its pairs in ascending order of their keys and must leave none.
  map(fields) {
    const map = new MapReader(this, Number(this.head(MAP, 64)));
    const value = fields(map);
    if (map.pairs !== 0) {
      malformed('an unknown key');
    }
    return value;
  }

  end() {
    if (this.left !== 0) {
      malformed('bytes after the item');
    }
  }
}

class MapReader {
  constructor(reader, pairs) {
    this.reader = reader;
    this.pairs = pairs;
  }

  // The reader, at the value of this key.
  at(key) {
    if (this.pairs === 0 || this.reader.number(0xffff) !== key) {
      malformed(`no key ${key}`);
    }
    this.pairs -= 1;
    return this.reader;
  }

  // Is this the next key?
  has(key) {
    return this.pairs > 0 && this.reader.bytes[this.reader.at] === key;
  }
}

// One item that takes all of the bytes.
export function decode(bytes, read) {
  const reader = new Reader(bytes);
  const value = read(reader);
  reader.end();
  return value;
}

function head(major, argument) {
  const value = BigInt(argument);
  const width = value < 24n ? 0 : value < 0x100n ? 1 : value < 0x10000n ? 2 : value < 0x100000000n ? 4 : 8;
  const bytes = new Uint8Array(1 + width);
  bytes[0] = (major << 5) | (width === 0 ? Number(value) : 24 + Math.log2(width));
  for (let i = 0; i < width; i++) {
    bytes[width - i] = Number((value >> BigInt(8 * i)) & 255n);
  }
  return bytes;
}

// Parts of an encoding, one after the other: integers, byte strings, texts and arrays.
export function encode(value) {
  if (typeof value === 'number' || typeof value === 'bigint') {
    return [head(0, value)];
  }
  if (typeof value === 'string') {
    const bytes = new TextEncoder().encode(value);
    return [head(TEXT, bytes.length), bytes];
  }
  if (value instanceof Uint8Array) {
    return [head(BYTES, value.length), value];
  }
  return [head(ARRAY, value.length), ...value.flatMap(encode)];
}
