/**
 * The replicated state machine of the simulator: four registers with expiry, one counter for each session, and the
 * session table that makes commands exactly-once. Small enough to hash after every entry.
 */

/** One command of a client. `seq` grows by one with each new command of a session; a retry keeps it. */
export interface Command {
  readonly session: number;
  readonly seq: number;
  readonly key: number;
  readonly value: number;
  /** Ticks that the value lives, counted from `stampedTick`; 0: for ever. */
  readonly lifeTicks: number;
  /** The leader's time when it proposed. */
  readonly stampedTick: number;
}

export const registerCount = 4;
const fieldCount = 6;
const fieldBytes = 2;

export function encodeCommand(command: Command): Uint8Array {
  const { session, seq, key, value, lifeTicks, stampedTick } = command;
  const bytes = new Uint8Array(fieldCount * fieldBytes);
  [session, seq, key, value, lifeTicks, stampedTick].forEach((field, at) => {
    bytes[at * fieldBytes] = field >> 8;
    bytes[at * fieldBytes + 1] = field & 0xff;
  });
  return bytes;
}

export function decodeCommand(bytes: Uint8Array): Command {
  const field = (at: number): number => ((bytes[at * fieldBytes] ?? 0) << 8) | (bytes[at * fieldBytes + 1] ?? 0);
  return {
    session: field(0),
    seq: field(1),
    key: field(2) % registerCount,
    value: field(3),
    lifeTicks: field(4),
    stampedTick: field(5),
  };
}

/** Everything that the machine knows; numbers only, so that copies and hashes are cheap. */
export class Machine {
  applied = 0;
  registers: number[] = [0, 0, 0, 0];
  /** The tick at which each register's value ends; 0: never. */
  expiries: number[] = [0, 0, 0, 0];
  /** Commands applied for each session. */
  counters: number[] = [];
  /** The last sequence number applied for each session. */
  sessions: number[] = [];

  copy(): Machine {
    const copy = new Machine();
    copy.applied = this.applied;
    copy.registers = [...this.registers];
    copy.expiries = [...this.expiries];
    copy.counters = [...this.counters];
    copy.sessions = [...this.sessions];
    return copy;
  }

  /** Notes an entry that is no command. */
  skip(index: number): void {
    this.applied = index;
  }

  /** Applies a command, unless the session has had it already. `nowTick` is the entry's time, never the machine's. */
  apply(index: number, command: Command, nowTick: number): void {
    this.applied = index;
    const { session, seq, key } = command;
    while (this.sessions.length <= session) {
      this.sessions.push(0);
      this.counters.push(0);
    }
    if (seq <= (this.sessions[session] as number)) return;
    for (let at = 0; at < registerCount; at++) {
      const expiry = this.expiries[at] as number;
      if (expiry > 0 && expiry <= nowTick) this.registers[at] = this.expiries[at] = 0;
    }
    this.sessions[session] = seq;
    this.counters[session] = (this.counters[session] as number) + 1;
    this.registers[key] = command.value;
    this.expiries[key] = command.lifeTicks === 0 ? 0 : command.stampedTick + command.lifeTicks;
  }

  /** A hash of the whole state: equal states have equal ones. */
  digest(): number {
    let hash = mix(0x811c9dc5, this.applied);
    for (const list of [this.registers, this.expiries, this.counters, this.sessions])
      for (const value of list) hash = mix(hash, value);
    return hash >>> 0;
  }

  /** The state as a snapshot's data; the session table can be left out by mistake only. */
  encode(hasSessions: boolean): Uint8Array {
    const sessions = hasSessions ? this.sessions : this.sessions.map(() => 0);
    const numbers = [this.applied, ...this.registers, ...this.expiries, ...this.counters, ...sessions];
    const bytes = new Uint8Array(numbers.length * 4);
    const view = new DataView(bytes.buffer);
    numbers.forEach((value, at) => view.setUint32(at * 4, value));
    return bytes;
  }
}

/** The machine that `encode` wrote. */
export function decodeMachine(bytes: Uint8Array): Machine {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const numbers = Array.from({ length: bytes.length / 4 }, (_, at) => view.getUint32(at * 4));
  const machine = new Machine();
  const sessionCount = (numbers.length - 1 - 2 * registerCount) / 2;
  machine.applied = numbers.shift() ?? 0;
  machine.registers = numbers.splice(0, registerCount);
  machine.expiries = numbers.splice(0, registerCount);
  machine.counters = numbers.splice(0, sessionCount);
  machine.sessions = numbers;
  return machine;
}

/** One step of a small integer hash (FNV-1a over whole numbers). */
export function mix(hash: number, value: number): number {
  return Math.imul(hash ^ value, 0x01000193) ^ (hash >>> 15);
}

export function hashBytes(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = mix(hash, byte);
  return hash >>> 0;
}
