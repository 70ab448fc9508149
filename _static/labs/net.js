// A small dense net that trains in the browser. A test holds it equal to Keras on the same weights.
//
// A net is { sizes, activation, loss, weights }. All weights are one array, layer by layer: those
// from the first unit of the layer below, from the second, …, then the biases. Gradients have the
// same order, which is Keras's. Examples are rows of numbers.

const LEAK = 0.2; // Keras's negative_slope
const NEARBY = 1e-4; // how far apart two gradients are whose difference is a curvature

// Each activation of a unit's input z, and its derivative from its output a.
export const ACTIVATIONS = {
  linear: { of: (z) => z, slope: () => 1 },
  relu: { of: (z) => Math.max(z, 0), slope: (a) => (a > 0 ? 1 : 0) },
  leaky_relu: { of: (z) => (z > 0 ? z : LEAK * z), slope: (a) => (a > 0 ? 1 : LEAK) },
  elu: { of: (z) => (z > 0 ? z : Math.expm1(z)), slope: (a) => (a > 0 ? 1 : a + 1) },
  tanh: { of: Math.tanh, slope: (a) => 1 - a * a },
  sigmoid: { of: (z) => 1 / (1 + Math.exp(-z)), slope: (a) => a * (1 - a) },
};

// Each loss acts on the last layer's linear outputs z of one example: what they say; the loss; and
// its derivative by z, from what they say and the truth y.
export const LOSSES = {
  mean_squared_error: {
    said: (z) => z,
    loss: (z, y) => (z[0] - y) ** 2,
    slope: (z, y) => [2 * (z[0] - y)],
  },
  binary_crossentropy: {
    said: (z) => z.map(ACTIVATIONS.sigmoid.of),
    loss: ([z], y) => Math.max(z, 0) - z * y + Math.log1p(Math.exp(-Math.abs(z))),
    slope: ([p], y) => [p - y],
  },
  sparse_categorical_crossentropy: {
    said: softmax,
    loss: (z, y) => {
      const top = Math.max(...z);
      return top + Math.log(z.reduce((sum, one) => sum + Math.exp(one - top), 0)) - z[y];
    },
    slope: (p, y) => p.map((one, k) => one - (k === y ? 1 : 0)),
  },
};

function softmax(z) {
  const top = Math.max(...z);
  const powers = z.map((one) => Math.exp(one - top));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((one) => one / sum);
}

function named(table, name, what) {
  if (!Object.hasOwn(table, name)) {
    throw new Error(`${what} is "${name}"; expected ${Object.keys(table).join(", ")}`);
  }
}

// A net as Keras begins one: biases are zero, weights uniform, larger where there are fewer units.
// The last layer has no activation of its own: the loss brings it.
export function network(sizes, activation, loss, draw) {
  named(ACTIVATIONS, activation, "the activation");
  named(LOSSES, loss, "the loss");
  const weights = sizes.slice(1).flatMap((many, k) => {
    const limit = Math.sqrt(6 / (sizes[k] + many));
    const drawn = Array.from({ length: sizes[k] * many }, () => limit * (2 * draw() - 1));
    return [...drawn, ...Array(many).fill(0)];
  });
  const [outputs, errors] = [0, 0].map(() => sizes.map((many) => new Float64Array(many)));
  // the last two are to compute in
  return { sizes, activation, loss, weights: Float64Array.from(weights), outputs, errors };
}

// What each layer makes of an example; the next example overwrites it.
function forward({ sizes, activation, weights, outputs }, example) {
  const { of } = ACTIVATIONS[activation];
  outputs[0].set(example);
  let at = 0;
  for (let k = 1; k < sizes.length; k++) {
    const many = sizes[k];
    const from = outputs[k - 1];
    const to = outputs[k];
    const biases = at + from.length * many;
    for (let j = 0; j < many; j++) to[j] = weights[biases + j];
    for (let i = 0; i < from.length; i++, at += many) {
      const one = from[i];
      for (let j = 0; j < many; j++) to[j] += one * weights[at + j];
    }
    if (k < sizes.length - 1) for (let j = 0; j < many; j++) to[j] = of(to[j]);
    at += many;
  }
  return outputs;
}

// What the net says of each example: probabilities, or the output itself for a squared error.
export function predict(net, examples) {
  return examples.map((example) => [...LOSSES[net.loss].said(forward(net, example).at(-1))]);
}

// The mean loss over the examples and its gradients, in the order of the net's weights.
export function backward(net, examples, targets) {
  const { sizes, weights, errors } = net;
  const { said, loss, slope } = LOSSES[net.loss];
  const { slope: steep } = ACTIVATIONS[net.activation];
  const gradients = new Float64Array(weights.length);
  let total = 0;
  for (let n = 0; n < examples.length; n++) {
    const outputs = forward(net, examples[n]);
    const z = outputs.at(-1);
    total += loss(z, targets[n]);
    errors.at(-1).set(slope(said(z), targets[n]));
    let at = weights.length;
    for (let k = sizes.length - 1; k > 0; k--) {
      const many = sizes[k];
      const from = outputs[k - 1];
      const error = errors[k];
      at -= many;
      for (let j = 0; j < many; j++) gradients[at + j] += error[j];
      for (let i = from.length - 1; i >= 0; i--) {
        const one = from[i];
        let sum = 0;
        at -= many;
        for (let j = 0; j < many; j++) {
          gradients[at + j] += one * error[j];
          sum += weights[at + j] * error[j];
        }
        errors[k - 1][i] = sum * steep(one);
      }
    }
  }
  for (let i = 0; i < gradients.length; i++) gradients[i] /= examples.length;
  return { loss: total / examples.length, gradients };
}

const dot = (a, b) => a.reduce((sum, one, i) => sum + one * b[i], 0);

// The largest eigenvalue of the Hessian, by Lanczos's method: unlike the power method from where it
// last ended, it sees another direction become the steepest. `gradients` are those of the net. A
// generator, which pauses between products and returns the eigenvalue.
export function* sharpness(net, examples, targets, gradients, draw, products = 10) {
  const beside = { ...net };
  const diagonal = [];
  const off = [];
  let before = gradients.map(() => 0);
  let v = gradients.map(() => draw() - 0.5);
  let length = Math.sqrt(dot(v, v));
  while (diagonal.length < products && length > 1e-6) {
    v = v.map((one) => one / length);
    beside.weights = net.weights.map((one, i) => one + NEARBY * v[i]);
    const there = backward(beside, examples, targets).gradients;
    const product = there.map((one, i) => (one - gradients[i]) / NEARBY);
    const along = dot(v, product);
    const beta = diagonal.length ? length : 0;
    const rest = product.map((one, i) => one - along * v[i] - beta * before[i]);
    diagonal.push(along);
    if (diagonal.length > 1) off.push(length);
    [before, v, length] = [v, rest, Math.sqrt(dot(rest, rest))];
    yield;
  }
  return largest(diagonal, off);
}

// Of a matrix with these diagonals, by halving: above it no pivot is positive.
function largest(diagonal, off) {
  const sizes = [...diagonal, ...off].map(Math.abs);
  let high = 3 * Math.max(...sizes);
  let low = -high;
  for (let k = 0; k < 50; k++) {
    const middle = (low + high) / 2;
    let pivot = 1;
    const above = diagonal.some((one, i) => {
      pivot = one - middle - (i ? off[i - 1] ** 2 / pivot : 0);
      return pivot > 0;
    });
    if (above) low = middle;
    else high = middle;
  }
  return low;
}
