// Optimizers of the net in net.js: each returns a function that takes one step with its gradients.

export function sgd({ learningRate, momentum = 0 }) {
  let velocity;
  return ({ weights }, gradients) => {
    velocity ??= new Float64Array(weights.length);
    for (let i = 0; i < weights.length; i++) {
      velocity[i] = momentum * velocity[i] - learningRate * gradients[i];
      weights[i] += velocity[i];
    }
  };
}

export function adam({ learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 }) {
  let first, second;
  let t = 0;
  return ({ weights }, gradients) => {
    first ??= new Float64Array(weights.length);
    second ??= new Float64Array(weights.length);
    t += 1;
    const rate = (learningRate * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t);
    for (let i = 0; i < weights.length; i++) {
      first[i] += (gradients[i] - first[i]) * (1 - beta1);
      second[i] += (gradients[i] ** 2 - second[i]) * (1 - beta2);
      weights[i] -= (rate * first[i]) / (Math.sqrt(second[i]) + epsilon);
    }
  };
}
