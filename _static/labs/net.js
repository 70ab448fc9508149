// A small dense net that trains in the browser. A test holds it equal to Keras on the same weights.
//
// A net is a list of layers { weights, biases, activation }, weights by input and then output, as
// Keras has them: weights[i][j] leads from unit i to unit j. Examples are rows of numbers.

const LEAK = 0.2; // Keras's negative_slope

// Each activation of a layer's inputs z, and its derivative from z and the output a.
export const ACTIVATIONS = {
  linear: { of: (z) => z, slope: () => 1 },
  relu: { of: (z) => Math.max(z, 0), slope: (z) => (z > 0 ? 1 : 0) },
  leaky_relu: { of: (z) => (z > 0 ? z : LEAK * z), slope: (z) => (z > 0 ? 1 : LEAK) },
  elu: { of: (z) => (z > 0 ? z : Math.expm1(z)), slope: (z, a) => (z > 0 ? 1 : a + 1) },
  tanh: { of: Math.tanh, slope: (z, a) => 1 - a * a },
  sigmoid: { of: (z) => 1 / (1 + Math.exp(-z)), slope: (z, a) => a * (1 - a) },
};

// Each loss acts on the last layer's linear outputs z of one example: what they say, as
// probabilities; the loss; and its derivative by z, which is "prediction minus truth" for both.
export const LOSSES = {
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
  return table[name];
}

// A net from Keras's list of arrays (weights, biases, weights, biases, …). The last layer has no
// activation of its own: the loss brings it.
export function network(arrays, activation, loss) {
  if (arrays.length % 2) {
    throw new Error(`got ${arrays.length} arrays; expected weights and biases for each layer`);
  }
  named(ACTIVATIONS, activation, "the activation");
  named(LOSSES, loss, "the loss");
  const layers = [];
  for (let at = 0; at < arrays.length; at += 2) {
    layers.push({
      weights: arrays[at].map((row) => [...row]),
      biases: [...arrays[at + 1]],
      activation: at + 2 < arrays.length ? activation : "linear",
    });
  }
  return { layers, loss };
}

// What a layer makes of each example, step by step: the inputs z and outputs a of every layer.
export function forward(net, examples) {
  return examples.map((example) => {
    const steps = [{ a: example }];
    for (const { weights, biases, activation } of net.layers) {
      const from = steps.at(-1).a;
      const z = biases.map((bias, j) => {
        let sum = bias;
        for (let i = 0; i < from.length; i++) sum += from[i] * weights[i][j];
        return sum;
      });
      steps.push({ z, a: z.map(ACTIVATIONS[activation].of) });
    }
    return steps;
  });
}

// The net's probabilities for each example.
export function predict(net, examples) {
  return forward(net, examples).map((steps) => LOSSES[net.loss].said(steps.at(-1).z));
}

// The mean loss over the examples and its gradients, as a list of arrays like the net's own.
export function backward(net, examples, targets) {
  const { said, loss, slope } = LOSSES[net.loss];
  const zero = (row) => (row.length ? row.map(() => 0) : 0);
  const gradients = arrays(net).map((array) => array.map(zero));
  let total = 0;
  forward(net, examples).forEach((steps, n) => {
    const z = steps.at(-1).z;
    total += loss(z, targets[n]);
    let error = slope(said(z), targets[n]);
    for (let k = net.layers.length - 1; k >= 0; k--) {
      const from = steps[k];
      error.forEach((e, j) => {
        gradients[2 * k + 1][j] += e / examples.length;
        from.a.forEach((a, i) => (gradients[2 * k][i][j] += (e * a) / examples.length));
      });
      if (k === 0) break;
      const { slope: steep } = ACTIVATIONS[net.layers[k - 1].activation];
      error = net.layers[k].weights.map((row, i) => {
        const back = row.reduce((sum, w, j) => sum + w * error[j], 0);
        return back * steep(from.z[i], from.a[i]);
      });
    }
  });
  return { loss: total / examples.length, gradients };
}

// The net's weights and biases in Keras's order: the arrays themselves, no copies.
export const arrays = (net) => net.layers.flatMap(({ weights, biases }) => [weights, biases]);

// Optimizers: each returns a function that takes one step with the gradients of that net.
export function sgd({ learningRate, momentum = 0 }) {
  return stepper(1, (g, [velocity]) => {
    velocity.value = momentum * velocity.value - learningRate * g;
    return velocity.value;
  });
}

export function adam({ learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 }) {
  return stepper(2, (g, [first, second], t) => {
    first.value += (g - first.value) * (1 - beta1);
    second.value += (g * g - second.value) * (1 - beta2);
    const rate = (learningRate * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t);
    return (-rate * first.value) / (Math.sqrt(second.value) + epsilon);
  });
}

// Moves every weight by move(gradient, memories of this weight, number of the step).
function stepper(count, move) {
  const memories = new Map();
  let t = 0;
  const memory = (key) => {
    if (!memories.has(key)) memories.set(key, Array.from({ length: count }, () => ({ value: 0 })));
    return memories.get(key);
  };
  return (net, gradients) => {
    t += 1;
    arrays(net).forEach((array, a) =>
      array.forEach((row, i) => {
        const slope = gradients[a][i];
        if (typeof row === "number") array[i] += move(slope, memory(`${a},${i}`), t);
        else row.forEach((_, j) => (row[j] += move(slope[j], memory(`${a},${i},${j}`), t)));
      }),
    );
  };
}
