"""Optimizers as they were published, in float64 and NumPy, one number after the other.

Each takes the gradient as a function and gives the weights after so many steps.
"""

import numpy as np


def sgd(gradient, w, steps, rate, momentum=0.0, nesterov=False):
    v = np.zeros_like(w)
    for _ in range(steps):
        g = gradient(w)
        v = momentum * v + g
        w = w - rate * (g + momentum * v if nesterov else v)
    return w


def adagrad(gradient, w, steps, rate):
    s = np.zeros_like(w)
    for _ in range(steps):
        g = gradient(w)
        s = s + g * g
        w = w - rate * g / (np.sqrt(s) + 1e-10)
    return w


def adadelta(gradient, w, steps, rate, rho=0.95, eps=1e-6):
    u, v = np.zeros_like(w), np.zeros_like(w)
    for _ in range(steps):
        g = gradient(w)
        v = rho * v + (1 - rho) * g * g
        d = np.sqrt(u + eps) / np.sqrt(v + eps) * g
        u = rho * u + (1 - rho) * d * d
        w = w - rate * d
    return w


def rmsprop(gradient, w, steps, rate, alpha=0.9):
    v = np.zeros_like(w)
    for _ in range(steps):
        g = gradient(w)
        v = alpha * v + (1 - alpha) * g * g
        w = w - rate * g / (np.sqrt(v) + 1e-8)
    return w


def adam(gradient, w, steps, rate, decay=0.0):
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t in range(1, steps + 1):
        g = gradient(w)
        w = w * (1 - rate * decay)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        w = w - rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return w


def nadam(gradient, w, steps, rate):
    m, v, product = np.zeros_like(w), np.zeros_like(w), 1.0
    for t in range(1, steps + 1):
        g = gradient(w)
        now, ahead = (0.9 * (1 - 0.5 * 0.96 ** (0.004 * step)) for step in (t, t + 1))
        product *= now
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        mean = ahead * m / (1 - product * ahead) + (1 - now) * g / (1 - product)
        w = w - rate * mean / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return w


def ftrl(gradient, w, steps, rate, beta=1.0, l1=0.0, l2=0.0):
    z, n = -w * beta / rate, np.zeros_like(w)
    for _ in range(steps):
        g = gradient(w)
        sigma = (np.sqrt(n + g * g) - np.sqrt(n)) / rate
        z, n = z + g - sigma * w, n + g * g
        moved = -(z - np.sign(z) * l1) / ((beta + np.sqrt(n)) / rate + l2)
        w = np.where(np.abs(z) <= l1, 0.0, moved)
    return w


def adam_to_sgd(gradient, w, steps, rate, tolerance, least):
    """Algorithm 1 of arXiv 1712.07628, its tolerance relative; also the step of the switch."""
    m, v, mean, found, speed, switched = np.zeros_like(w), np.zeros_like(w), 0.0, None, 0.0, None
    for t in range(1, steps + 1):
        g = gradient(w)
        if found is not None:
            speed = 0.9 * speed + g
            w = w - 0.1 * found * speed
            continue
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        p = -rate * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-8 * np.sqrt(1 - 0.999**t))
        w = w + p
        gamma = (p @ p) / -(p @ g)
        mean = 0.999 * mean + 0.001 * gamma
        corrected = mean / (1 - 0.999**t)
        if t >= least and corrected > 0 and abs(corrected - gamma) < tolerance * corrected:
            found, switched = corrected, t
    return w, switched


def lbfgs(gradient, w, steps, rate):
    """Two loops over all pairs (Nocedal and Wright, algorithm 7.4), steps of a fixed length after the first."""
    pairs, g = [], gradient(w)
    for t in range(steps):
        q, alphas = g.copy(), []
        for s, y in reversed(pairs):
            alphas.append((s @ q) / (y @ s))
            q = q - alphas[-1] * y
        r = q * ((pairs[-1][0] @ pairs[-1][1]) / (pairs[-1][1] @ pairs[-1][1]) if pairs else 1.0)
        for (s, y), a in zip(pairs, reversed(alphas), strict=True):
            r = r + s * (a - (y @ r) / (y @ s))
        step = -r * (rate if t else min(1.0, 1 / np.abs(g).sum()) * rate)
        w, before = w + step, g
        g = gradient(w)
        pairs.append((step, g - before))
    return w
