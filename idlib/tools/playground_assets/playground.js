// The playground's mathematics, as in idlib, and its worker. The function needs nothing outside
// itself: its source, in a Blob, is the worker's program, on a page from a disk as well.
function playgroundMath() {
  "use strict";
  const BATCH = 64, CLASSES = 10; // examples in a step, outputs
  const POINTS = 40, MAP = 10; // of a curve, on each side of a map
  const MOST = 3e7; // numbers of a dense P that a page may hold: 120 MB
  const CHUNK = 25; // ms of work between two looks at what the page asks for

  // Random numbers: Tommy Ettinger's mulberry32, started from a seed and a word on their use.
  function generator(seed, use) {
    let state = seed;
    for (const letter of use) state = Math.imul(state ^ letter.charCodeAt(0), 0x9e3779b1);
    const uniform = () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
    const below = (n) => Math.floor(uniform() * n);
    const sign = () => (uniform() < 0.5 ? -1 : 1);
    const normal = () => // Box and Muller
      Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    const shuffle = (array) => {
      for (let i = array.length - 1; i > 0; i--) {
        const j = below(i + 1);
        [array[i], array[j]] = [array[j], array[i]];
      }
      return array;
    };
    return { uniform, below, sign, normal, shuffle };
  }

  const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const count = (n) => Int32Array.from({ length: n }, (_, i) => i);

  // P of which these are not zero, but of random sign; its columns have length one.
  function sparseMatrix(d, rows, cols, random) {
    const filled = new Int32Array(d);
    for (const col of cols) filled[col] += 1;
    const values = Float32Array.from(cols, (col) => random.sign() / Math.sqrt(filled[col]));
    return {
      forward(x, y) { // (d,) to (D,)
        y.fill(0);
        for (let k = 0; k < rows.length; k++) y[rows[k]] += values[k] * x[cols[k]];
      },
      adjoint(y, x) { // (D,) to (d,)
        x.fill(0);
        for (let k = 0; k < rows.length; k++) x[cols[k]] += values[k] * y[rows[k]];
      },
    };
  }

  const projections = {
    hashed(D, d, random) { // each parameter follows one coordinate; any d in a row follow all
      const order = count(d), rows = count(D), cols = rows.map((i) => {
        if (i % d === 0) random.shuffle(order);
        return order[i % d];
      });
      return sparseMatrix(d, rows, cols, random);
    },
    sparse(D, d, random) { // non-zero with probability 1 / sqrt(D): the gaps are geometric
      const rows = [], cols = [], scale = Math.log(1 - Math.min(D ** -0.5, 0.5));
      const gap = () => 1 + Math.floor(Math.log(1 - random.uniform()) / scale);
      const put = (i, j) => { rows.push(i); cols.push(j); };
      for (let j = 0, before = 0; j < d; j++, before = rows.length) {
        for (let i = gap() - 1; i < D; i += gap()) put(i, j);
        if (rows.length === before) put(random.below(D), j);
      }
      return sparseMatrix(d, Int32Array.from(rows), Int32Array.from(cols), random);
    },
    dense(D, d, random) { // independent normals, row by row
      if (D * d > MOST) throw new Error(
        `A dense P of ${D} × ${d} numbers is too large for a page: choose hashed or sparse.`);
      const P = Float32Array.from({ length: D * d }, random.normal), squares = new Float64Array(d);
      P.forEach((value, k) => (squares[k % d] += value * value));
      P.forEach((value, k) => (P[k] = value / Math.sqrt(squares[k % d])));
      return {
        forward(x, y) {
          for (let i = 0, k = 0; i < D; i++) {
            let sum = 0;
            for (let j = 0; j < d; j++, k++) sum += P[k] * x[j];
            y[i] = sum;
          }
        },
        adjoint(y, x) {
          x.fill(0);
          for (let i = 0, k = 0; i < D; i++) for (let j = 0; j < d; j++, k++) x[j] += P[k] * y[i];
        },
      };
    },
    none: () => ({ forward: (x, y) => y.set(x), adjoint: (y, x) => x.set(y) }), // the full network
  };

  // A fully connected ReLU network: where in theta its layers' weights (inputs, outputs) and
  // biases lie.
  function network(inputs, width, depth) {
    const sizes = [inputs, ...Array(depth).fill(width), CLASSES], layers = [];
    let D = 0;
    for (let l = 0; l <= depth; l++) {
      const [a, b] = [sizes[l], sizes[l + 1]];
      layers.push({ inputs: a, outputs: b, weights: D, biases: D + a * b });
      D += a * b + b;
    }
    return { layers, D };
  }

  function he(net, random) { // He's initialisation; biases are zero
    const theta = new Float32Array(net.D);
    for (const { inputs, weights, biases } of net.layers) {
      for (let k = weights; k < biases; k++) theta[k] = random.normal() * Math.sqrt(2 / inputs);
    }
    return theta;
  }

  const buffers = (net, n) => net.layers.map((layer) => new Float32Array(n * layer.outputs));

  // Images x (n, inputs) through the network; what layer l gives is left in outs[l].
  function forward(net, theta, x, n, outs) {
    net.layers.forEach(({ inputs, outputs, weights, biases }, l) => {
      const into = l ? outs[l - 1] : x, out = outs[l];
      for (let i = 0; i < n; i++) {
        const at = i * outputs;
        for (let j = 0; j < outputs; j++) out[at + j] = theta[biases + j];
        for (let k = 0; k < inputs; k++) {
          const a = into[i * inputs + k], w = weights + k * outputs;
          if (a !== 0) for (let j = 0; j < outputs; j++) out[at + j] += a * theta[w + j];
        }
        if (l + 1 < net.layers.length) {
          for (let j = at; j < at + outputs; j++) if (out[j] < 0) out[j] = 0;
        }
      }
    });
    return outs.at(-1);
  }

  // Mean cross-entropy of a batch; its gradient goes to grad (D,).
  function lossAndGradient(net, theta, x, y, n, outs, deltas, grad) {
    const logits = forward(net, theta, x, n, outs), last = deltas.at(-1);
    let loss = 0;
    for (let i = 0; i < n; i++) {
      const at = i * CLASSES, row = logits.subarray(at, at + CLASSES), top = Math.max(...row);
      const sum = row.reduce((total, value) => total + Math.exp(value - top), 0);
      loss += (top + Math.log(sum) - row[y[i]]) / n;
      for (let j = 0; j < CLASSES; j++) {
        last[at + j] = (Math.exp(row[j] - top) / sum - (j === y[i] ? 1 : 0)) / n;
      }
    }
    grad.fill(0);
    for (let l = net.layers.length - 1; l >= 0; l--) {
      const { inputs, outputs, weights, biases } = net.layers[l];
      const into = l ? outs[l - 1] : x, delta = deltas[l], below = deltas[l - 1];
      for (let i = 0; i < n; i++) {
        const at = i * outputs;
        for (let j = 0; j < outputs; j++) grad[biases + j] += delta[at + j];
        for (let k = 0; k < inputs; k++) {
          const a = into[i * inputs + k], w = weights + k * outputs;
          let sum = 0;
          if (a !== 0) {
            for (let j = 0; j < outputs; j++) grad[w + j] += a * delta[at + j];
            if (l) for (let j = 0; j < outputs; j++) sum += theta[w + j] * delta[at + j];
          }
          if (l) below[i * inputs + k] = sum; // a unit at zero passes nothing on
        }
      }
    }
    return loss;
  }

  function adam(x) { // Adam on x (n,), with the usual constants
    const m = new Float32Array(x.length), v = new Float32Array(x.length);
    let t = 0;
    return (grad, rate) => {
      t += 1;
      const first = 1 - 0.9 ** t, second = Math.sqrt(1 - 0.999 ** t);
      for (let i = 0; i < x.length; i++) {
        m[i] += 0.1 * (grad[i] - m[i]);
        v[i] = 0.999 * v[i] + 0.001 * grad[i] * grad[i];
        x[i] -= (rate / first) * m[i] / (Math.sqrt(v[i]) / second + 1e-8);
      }
    };
  }

  // A run: theta = theta_0 + P theta_d, of which theta_d alone is trained, at a rate that falls
  // linearly to zero; d = D without a P is the full network.
  function training(data, { width, depth, projection, d, rate, seed }) {
    const net = network(data.inputs, width, depth), { D } = net;
    const theta0 = he(net, generator(seed, "start"));
    const P = projections[projection](D, d, generator(seed, "P"));
    const thetaD = new Float32Array(d), theta = theta0.slice(), update = adam(thetaD);
    const gradD = new Float32Array(d), grad = new Float32Array(D);
    const x = new Float32Array(BATCH * data.inputs), y = new Uint8Array(BATCH);
    const outs = buffers(net, BATCH), deltas = buffers(net, BATCH);
    const order = count(data.train.labels.length), random = generator(seed, "order");
    const perEpoch = Math.ceil(order.length / BATCH), steps = data.epochs * perEpoch;
    const all = buffers(net, data.test.labels.length);
    const run = { net, P, theta0, thetaD, theta, steps, step: 0, loss: NaN };
    run.advance = () => {
      const from = (run.step % perEpoch) * BATCH, n = Math.min(BATCH, order.length - from);
      if (from === 0) random.shuffle(order);
      for (let i = 0; i < n; i++) {
        const at = order[from + i] * data.inputs;
        x.set(data.train.images.subarray(at, at + data.inputs), i * data.inputs);
        y[i] = data.train.labels[order[from + i]];
      }
      run.loss = lossAndGradient(net, theta, x, y, n, outs, deltas, grad);
      P.adjoint(grad, gradD);
      update(gradD, rate * (1 - run.step / steps));
      P.forward(thetaD, theta);
      for (let i = 0; i < D; i++) theta[i] += theta0[i];
      run.step += 1;
    };
    run.answers = (n = data.test.labels.length, at = theta) => {
      const logits = forward(net, at, data.test.images, n, all);
      return Uint8Array.from({ length: n }, (_, i) => {
        const row = logits.subarray(i * CLASSES, (i + 1) * CLASSES);
        return row.indexOf(Math.max(...row));
      });
    };
    run.accuracy = (all) => all.filter((y, i) => y === data.test.labels[i]).length / all.length;
    return run;
  }

  // The plane through the start, theta_d now, and where it was halfway: two directions of length
  // one (the second is zero where all lies on a line), and the square in it that holds the path.
  const project = (path, { along, aside }) => path.map((p) => [dot(p, along), dot(p, aside)]);
  function plane(path) {
    const unit = (a) => {
      const length = Math.sqrt(dot(a, a));
      return a.map((value) => (length > 1e-6 ? value / length : 0));
    };
    const along = unit(path.at(-1)), half = path[path.length >> 1], share = dot(half, along);
    const aside = unit(half.map((value, i) => value - share * along[i]));
    const points = project(path, { along, aside }), ends = (most) => [0, 1].map(
      (axis) => most(...points.map((point) => point[axis])));
    const low = ends(Math.min), high = ends(Math.max);
    return { along, aside, middle: [0, 1].map((axis) => (low[axis] + high[axis]) / 2),
      reach: 0.8 * Math.max(high[0] - low[0], high[1] - low[1]) || 1 };
  }

  // The accuracy on 100 test images over that square, row by row from the bottom.
  async function landscape(run, { along, aside, middle, reach }, pause) {
    const [right, up, theta] = [1, 2, 3].map(() => new Float32Array(run.net.D));
    run.P.forward(along, right);
    run.P.forward(aside, up);
    const values = new Float32Array(MAP * MAP);
    for (let k = 0; k < values.length; k++) {
      const [a, b] = [k % MAP, Math.floor(k / MAP)].map(
        (place, axis) => middle[axis] + reach * ((2 * place + 1) / MAP - 1));
      for (let i = 0; i < theta.length; i++) theta[i] = run.theta0[i] + a * right[i] + b * up[i];
      values[k] = run.accuracy(run.answers(100, theta));
      await pause();
    }
    return values;
  }

  // idlib.dimension.lattice: four dimensions for each doubling, up to D.
  const lattice = (D) => [...new Set([...count(4 * Math.log2(D) + 1)]
    .map((k) => Math.round(2 ** (k / 4)))).add(D)].sort((a, b) => a - b);

  // idlib.engine.search.bisect: yields indices below n, is sent whether they pass, and returns the
  // smallest that does, null if the last does not.
  function* bisect(start, stride, n) {
    let low = -1, high = n, i = start; // the largest known to fail, the smallest known to pass
    while (high - low > 1) {
      if (yield i) {
        high = i;
        i = low < 0 ? Math.max(low + 1, i - stride) : (low + high) >> 1;
      } else {
        low = i;
        i = high === n ? Math.min(n - 1, i + stride) : (low + high) >> 1;
      }
      if (low < 0 || high === n) stride *= 2;
      if (low === n - 1) return null;
    }
    return high;
  }

  // Data as the page holds them: base64 of deflated bytes, images and then labels.
  async function decode({ bytes, side, train, epochs, levels, mean, deviation }) {
    const packed = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    const all = new Uint8Array(await new Response(stream).arrayBuffer());
    const inputs = side * side, n = all.length / (inputs + 1);
    const images = Float32Array.from(all.subarray(0, n * inputs),
      (grey) => (grey / levels - mean) / deviation);
    const part = (from, to) => ({ images: images.subarray(from * inputs, to * inputs),
      labels: all.subarray(n * inputs + from, n * inputs + to) });
    return { inputs, side, epochs, train: part(0, train), test: part(train, n) };
  }

  // What the worker does: trains what it was asked for last, and tells how it goes.
  function serve(scope) {
    const loaded = {}, channel = new MessageChannel();
    let current = 0, paused = false, wake = null, since = 0;
    const tick = () => new Promise((resolve) => {
      channel.port1.onmessage = resolve;
      channel.port2.postMessage(0);
    });
    async function train({ id, data: name, source, shown, play, config }) {
      const pause = async () => { // lets messages in; ends this run if there is a newer one
        if (performance.now() - since > CHUNK) {
          await tick();
          while (paused && id === current) await new Promise((resolve) => (wake = resolve));
          since = performance.now();
        }
        if (id !== current) throw null;
      };
      await tick(); // of several messages, as from a slider that is dragged, the last counts
      await pause();
      const data = await (loaded[name] ??= decode(source)), path = [];
      const run = training(data, config), { weights, biases } = run.net.layers[0];
      const every = Math.ceil(run.steps / POINTS);
      let slice = plane([run.thetaD]);
      const tell = async (done) => {
        let values = null; // of the map, where it is made anew
        const answers = run.answers(), n = path.push(run.thetaD.slice());
        const far = project([run.thetaD], slice)[0].some(
          (place, axis) => Math.abs(place - slice.middle[axis]) > 0.9 * slice.reach);
        if (play && n > 1 && (n === 2 || n % 8 === 0 || far || done)) {
          slice = plane(path);
          values = await landscape(run, slice, pause);
        }
        scope.postMessage({
          id, done, step: run.step, steps: run.steps, accuracy: run.accuracy(answers),
          answers: answers.subarray(0, shown),
          change: run.theta.slice(weights, biases).map((w, i) => w - run.theta0[weights + i]),
          slice: { points: project(path, slice), middle: slice.middle, reach: slice.reach, values },
        });
      };
      await tell(false);
      while (play && run.step < run.steps) {
        run.advance();
        await pause();
        if (!Number.isFinite(run.loss)) throw new Error("The loss is infinite: lower the rate.");
        if (run.step % every === 0 || run.step === run.steps) await tell(run.step === run.steps);
      }
    }
    scope.onmessage = ({ data: message }) => {
      ({ paused, id: current = current } = message);
      wake?.();
      if (message.id) train(message).catch(
        (error) => error && scope.postMessage({ id: message.id, message: error.message }));
    };
  }

  return { generator, projections, network, he, buffers, lossAndGradient, training, lattice,
    bisect, decode, serve, nearest: (ds, d) => ds.reduce((best, value, i) =>
      Math.abs(Math.log(value / d)) < Math.abs(Math.log(ds[best] / d)) ? i : best, 0) };
}
