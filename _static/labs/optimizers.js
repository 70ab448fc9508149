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

export function adagrad({ learningRate, initial = 0.1, epsilon = 1e-7 }) {
  let sum;
  return ({ weights }, gradients) => {
    sum ??= new Float64Array(weights.length).fill(initial);
    for (let i = 0; i < weights.length; i++) {
      sum[i] += gradients[i] ** 2;
      weights[i] -= (learningRate * gradients[i]) / Math.sqrt(sum[i] + epsilon);
    }
  };
}

export function rmsprop({ learningRate, rho = 0.9, epsilon = 1e-7 }) {
  let mean;
  return ({ weights }, gradients) => {
    mean ??= new Float64Array(weights.length);
    for (let i = 0; i < weights.length; i++) {
      mean[i] = rho * mean[i] + (1 - rho) * gradients[i] ** 2;
      weights[i] -= (learningRate * gradients[i]) / Math.sqrt(mean[i] + epsilon);
    }
  };
}

export function adam({ learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 }) {
  let first, second;
  let [power1, power2] = [1, 1]; // a power anew costs more than the rest of a step
  return ({ weights }, gradients) => {
    first ??= new Float64Array(weights.length);
    second ??= new Float64Array(weights.length);
    power1 *= beta1;
    power2 *= beta2;
    const rate = (learningRate * Math.sqrt(1 - power2)) / (1 - power1);
    for (let i = 0; i < weights.length; i++) {
      first[i] += (gradients[i] - first[i]) * (1 - beta1);
      second[i] += (gradients[i] ** 2 - second[i]) * (1 - beta2);
      weights[i] -= (rate * first[i]) / (Math.sqrt(second[i]) + epsilon);
    }
  };
}

export function lion({ learningRate, beta1 = 0.9, beta2 = 0.99 }) {
  let mean;
  return ({ weights }, gradients) => {
    mean ??= new Float64Array(weights.length);
    for (let i = 0; i < weights.length; i++) {
      weights[i] -= learningRate * Math.sign(beta1 * mean[i] + (1 - beta1) * gradients[i]);
      mean[i] = beta2 * mean[i] + (1 - beta2) * gradients[i];
    }
  };
}
