// Listens to what a page of Streamlit and its server say to each other. `window.scriptRuns.rest()` tells whether every run
// of the script that was asked for has begun and ended. The state that the page itself shows is late by the way to the
// server and back, in which a click seems to have done nothing yet.
(() => {
  const RERUN = 11, FRAGMENT = 5, AUTO = 6;  // in what a page sends: BackMsg.rerun_script and two fields of ClientState
  const METADATA = 2, RUN = 6, FRAGMENTS = 2, BEGINS = 4, ENDS = 6, ENDS_FOR_ANOTHER = 2;  // in what it gets: ForwardMsg
  // Fragments that were asked for, "" for the whole script, with the runs that have begun since. What waits is run next
  // or after that: a fragment that is not has gone from the script meanwhile, and the server has dropped the request.
  const asked = new Map(), DROPPED = 3;
  // A quiet server begins with what it is asked for in a moment. What it has dropped it tells nobody, and on a page without
  // ticks nothing else begins either: after so many milliseconds in which nothing was sent and nothing ran, all is at rest.
  const QUIET = 20000;
  let running = false, another = false, heard = 0;

  /** Fields of a protobuf message as [number, value], the value a number or the bytes. */
  function* fields(bytes) {
    let at = 0;
    const varint = () => {
      let value = 0, factor = 1, byte;
      do {
        byte = bytes[at++];
        value += (byte & 127) * factor;
        factor *= 128;
      } while (byte > 127);
      return value;
    };
    while (at < bytes.length) {
      const tag = varint(), kind = tag & 7, number = Math.floor(tag / 8);
      if (kind === 0) yield [number, varint()];
      else {
        const length = kind === 2 ? varint() : kind === 1 ? 8 : 4;
        yield [number, bytes.subarray(at, at += length)];
      }
    }
  }
  const all = (bytes, number) => [...fields(bytes)].filter(([found]) => found === number).map(([, value]) => value);
  const text = (bytes) => new TextDecoder().decode(bytes);

  function sends(bytes) {
    heard = performance.now();
    for (const state of all(bytes, RERUN)) {
      if (!all(state, AUTO)[0]) asked.set(text(all(state, FRAGMENT)[0] ?? new Uint8Array()), 0);
    }
  }

  function gets(bytes) {
    heard = performance.now();
    const fragments = [];
    for (const [number, value] of fields(bytes)) {
      if (number === METADATA) {
        for (const run of all(value, RUN)) fragments.push(...all(run, FRAGMENTS).map(text));
      } else if (number === BEGINS) {
        if (fragments.length) {
          fragments.forEach((name) => asked.delete(name));
          for (const [name, runs] of asked) runs + 1 < DROPPED ? asked.set(name, runs + 1) : asked.delete(name);
        } else asked.clear();
        running = true;
        another = false;
      } else if (number === ENDS) {
        running = false;
        another = value === ENDS_FOR_ANOTHER;
      }
    }
  }

  window.WebSocket = class extends window.WebSocket {
    constructor(...parts) {
      super(...parts);
      this.addEventListener("message", ({ data }) => {
        if (data instanceof ArrayBuffer) gets(new Uint8Array(data));
      });
      this.addEventListener("close", () => {
        asked.clear();
        running = another = false;
      });
    }

    send(data) {
      if (data instanceof Uint8Array) sends(data);
      super.send(data);
    }
  };
  const quiet = () => performance.now() - heard > QUIET;
  window.scriptRuns = { rest: () => !running && ((!asked.size && !another) || quiet()) };
})();
