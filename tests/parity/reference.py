"""REFERENCE.md in plain NumPy: float64, one example and one step at a time, no Keras. Written to be read beside it."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def log_softmax(x):
    return x - x.max() - np.log(np.exp(x - x.max()).sum())


def one_hot(place, size):
    values = np.zeros(size)
    values[place] = 1
    return values


def coordinates(features):
    """[h, w, C + h + w] of one view's [h, w, C]: to every position the one-hot of its row, then of its column."""
    h, w, C = features.shape
    found = np.zeros([h, w, C + h + w])
    for y in range(h):
        for x in range(w):
            found[y, x] = np.concatenate([features[y, x], one_hot(y, h), one_hot(x, w)])
    return found


def flattened(views):
    """[N, C] of views [V, h, w, C]: position n = v*h*w + y*w + x."""
    V, h, w, C = views.shape
    found = np.zeros([V * h * w, C])
    for v in range(V):
        for y in range(h):
            for x in range(w):
                found[v * h * w + y * w + x] = views[v, y, x]
    return found


def lstm(inputs, c, h, weights, clip):
    """The next (c, h): gates in the order input, candidate, forget, output; forget bias 1."""
    gates = np.concatenate([inputs, h]) @ weights["lstm_kernel"] + weights["lstm_bias"]
    i, j, f, o = np.split(gates, 4)
    c = np.clip(sigmoid(f + 1) * c + sigmoid(i) * np.tanh(j), -clip, clip)
    return c, sigmoid(o) * np.tanh(c)


def attention_decoder(features, weights, T, autoregression, labels=None, clip=10.0):
    """`chars_logit` [T, K] and `attention` [T, N] of one example's features [N, C]; greedy without labels."""
    N, C = features.shape
    U, K = weights["softmax_w"].shape
    keys = features @ weights["attention_w"]  # [N, A]
    c, h, d, e = np.zeros(U), np.zeros(U), np.zeros(C), np.zeros(K)
    logits, attention = np.zeros([T, K]), np.zeros([T, N])
    for t in range(T):
        x = np.concatenate([e, d]) @ weights["input_kernel"] + weights["input_bias"]  # [K]
        c, h = lstm(x, c, h, weights, clip)
        q = np.concatenate([c, h]) @ weights["query_kernel"] + weights["query_bias"]  # [A]
        scores = [(weights["attention_v"] * np.tanh(keys[n] + q)).sum() for n in range(N)]
        attention[t] = np.exp(log_softmax(np.array(scores)))
        d = sum(attention[t, n] * features[n] for n in range(N))  # the features, not the keys
        y = np.concatenate([h, d]) @ weights["output_kernel"] + weights["output_bias"]  # [U]
        logits[t] = y @ weights["softmax_w"] + weights["softmax_b"]
        if autoregression:
            e = one_hot(logits[t].argmax() if labels is None else labels[t], K)
    return {"chars_logit": logits, "attention": attention}


def slice_decoder(features, weights, T, autoregression, labels=None, clip=10.0):
    """`chars_logit` [T, K] of one example's features [N, C]: at step t the LSTM reads features[t : t + N // T]."""
    s = len(features) // T
    U, K = weights["softmax_w"].shape
    c, h, e = np.zeros(U), np.zeros(U), np.zeros(K)
    logits = np.zeros([T, K])
    for t in range(T):
        inputs = features[t : t + s].flatten()
        if autoregression:
            inputs = np.concatenate([inputs, e])
        c, h = lstm(inputs, c, h, weights, clip)
        logits[t] = h @ weights["softmax_w"] + weights["softmax_b"]
        e = one_hot(logits[t].argmax() if labels is None else labels[t], K)
    return {"chars_logit": logits}


def outputs(logits, null_id):
    """The endpoints of one text from its logits [T, K]."""
    T = len(logits)
    chars = logits.argmax(axis=1)
    best = [log_softmax(logits[t]).max() for t in range(T)]
    length = sum(1 for class_id in chars if class_id != null_id)
    conf = sum(best[t] for t in range(min(length + 1, T)))
    return {
        "predicted_chars": chars,
        "predicted_scores": np.exp(best),
        "predicted_length": length,
        "predicted_conf": conf,
        "normalized_seq_conf": np.exp(conf / (length + 1)),
    }


def sequence_loss(logits, labels, label_smoothing, ignore_nulls, average_across_timesteps):
    """The loss of a batch, and what a network that predicts the smoothed labels exactly has."""
    K = logits.shape[-1]
    texts, floors = [], []
    for text, ids in zip(logits, labels, strict=True):
        loss = floor = steps = 0.0
        for step, label in zip(text, ids, strict=True):
            if not ignore_nulls and label == K - 1:
                continue
            target = (1 - label_smoothing) * one_hot(label, K) + label_smoothing / K
            loss -= (target * log_softmax(step)).sum()
            floor -= sum(p * np.log(p) for p in target if p > 0)
            steps += 1
        if average_across_timesteps:
            loss, floor = loss / max(steps, 1), floor / max(steps, 1)
        texts.append(loss)
        floors.append(floor)
    return np.mean(texts), np.mean(floors)


def character_accuracy(labels, chars, null_id):
    """Of one text: (correct ids where the label is not null) / (label length); 0 for an empty label."""
    places = [t for t in range(len(labels)) if labels[t] != null_id]
    return sum(labels[t] == chars[t] for t in places) / max(len(places), 1)


def sequence_accuracy(labels, chars, null_id):
    """Of one text: 1 if every non-null label id is right."""
    return float(all(labels[t] == chars[t] for t in range(len(labels)) if labels[t] != null_id))
