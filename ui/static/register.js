// The work that registering asks for: find a text x so that SHA-256 of puzzle + "." + x begins with
// enough zero bits. Browsers offer crypto.subtle over TLS and on localhost only, and one promise a
// hash is slow; so the hash (FIPS 180-4) is here.
"use strict";
(() => {
  const primes = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p)) primes.push(n);

  // The first 32 bits of the fraction of the square or cube root of a prime, exact with integers:
  // the largest r with r^power <= prime * 2^(32 * power).
  const fraction = (prime, power) => {
    const target = BigInt(prime) << BigInt(32 * power);
    let root = 0n;
    for (let bit = 1n << 37n; bit; bit >>= 1n) if ((root + bit) ** BigInt(power) <= target) root += bit;
    return Number(root & 0xffffffffn) | 0;
  };
  const initial = primes.slice(0, 8).map((p) => fraction(p, 2));
  const rounds = primes.map((p) => fraction(p, 3));
  const schedule = new Int32Array(64);
  const turn = (x, n) => (x >>> n) | (x << (32 - n));

  // mix takes the 16 words in the schedule into a state.
  const mix = (state) => {
    for (let i = 16; i < 64; i++) {
      const x = schedule[i - 15], y = schedule[i - 2];
      schedule[i] = schedule[i - 16] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) +
        schedule[i - 7] + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + rounds[i] + schedule[i]) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + one) | 0;
      d = c; c = b; b = a; a = (one + two) | 0;
    }
    return [a, b, c, d, e, f, g, h].map((word, i) => (word + state[i]) | 0);
  };

  const hash = (text) => {
    const length = ((text.length + 8 >> 6) + 1) * 64;
    const bytes = new DataView(new ArrayBuffer(length));
    for (let i = 0; i < text.length; i++) bytes.setUint8(i, text.charCodeAt(i));
    bytes.setUint8(text.length, 0x80);
    bytes.setUint32(length - 4, text.length * 8);
    let state = initial;
    for (let at = 0; at < length; at += 64) {
      for (let i = 0; i < 16; i++) schedule[i] = bytes.getInt32(at + i * 4);
      state = mix(state);
    }
    return state;
  };

  const zeros = (words) => {
    let count = 0;
    for (const word of words) {
      count += Math.clz32(word);
      if (word) break;
    }
    return count;
  };

  // solve works in short turns, so that the page stays alive.
  const solve = async (puzzle, bits) => {
    for (let i = 0; ; i++) {
      const answer = puzzle + "." + i;
      if (zeros(hash(answer)) >= bits) return answer;
      if (i % 2000 === 1999) await new Promise((next) => setTimeout(next));
    }
  };

  const form = document.querySelector("form[data-puzzle]");
  const work = solve(form.dataset.puzzle, Number(form.dataset.bits));
  work.then((answer) => { form.elements.challenge.value = answer; });
  form.addEventListener("submit", (event) => {
    if (form.elements.challenge.value) return;
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    button.textContent = "One moment…";
    work.then(() => form.submit());
  });
})();
