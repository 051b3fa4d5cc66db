"""ONNX graphs as PaddleOCR exports its PP-OCRv6 recognisers, with random weights: what they compute is the oracle."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

# (channels before, channels, stride of the rows, squeeze and excitation), as rec_lcnetv4.py of PaddleOCR lists them.
BLOCKS = {
    "tiny": [
        *[(48, 48, 1, True), (48, 48, 1, False), (48, 96, 2, False), (96, 96, 1, True), (96, 96, 1, False)],
        *[(96, 160, 2, False), (160, 160, 1, True), (160, 160, 1, False), (160, 160, 1, False)],
    ],
    "small": [
        *[(96, 96, 1, True), (96, 96, 1, False), (96, 96, 1, False), (96, 192, 2, False)],
        *[(192, 192, 1, True), (192, 192, 1, False)] * 3,
        *[(192, 384, 2, False), (384, 384, 1, True), (384, 384, 1, False)],
    ],
    "medium": [
        *[(128, 128, 1, True), (128, 256, 1, False), (256, 256, 1, False), (256, 256, 1, True), (256, 512, 2, False)],
        *[(512, 512, 1, True), (512, 512, 1, False)] * 3,
        *[(512, 768, 2, False), (768, 768, 1, True), (768, 768, 1, False)],
    ],
}
GAINS = {"tiny": 2.0, "small": 1.5, "medium": 1.6}  # of a convolution's variance: pictures count, and nothing is sure
NECKS = {"small": (120, 240), "medium": (192, 768)}


class GraphWriter:
    """Nodes one after the other; each method returns the name of what it computes."""

    def __init__(self, gain, seed=0):
        self.gain = gain
        self.random = np.random.default_rng(seed)
        self.nodes, self.constants = [], []

    def constant(self, value):
        name = f"constant.{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def weight(self, *shape):
        scale = np.sqrt(self.gain / np.prod(shape[1:])) if len(shape) > 1 else 0.1
        return self.constant(self.random.normal(0, scale, shape).astype(np.float32))

    def node(self, kind, *inputs, **attributes):
        name = f"{kind}.{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def conv(self, x, read, made, kernel, stride=(1, 1), groups=1, bias=True, same=False):
        pads = {"auto_pad": "SAME_UPPER"} if same else {"pads": [side // 2 for side in kernel] * 2}
        shape = {"kernel_shape": kernel, "strides": stride, "group": groups}
        x = self.node("Conv", x, self.weight(made, read // groups, *kernel), **shape, **pads)
        return self.node("Add", x, self.constant(self._bias(made)[None, :, None, None])) if bias else x

    def _bias(self, size):
        return self.random.normal(0, 0.1, size).astype(np.float32)

    def batch_norm(self, x, channels):
        variance = self.constant(self.random.uniform(0.5, 1.5, channels).astype(np.float32))
        return self.node("BatchNormalization", x, *(self.weight(channels) for _ in range(3)), variance, epsilon=1e-5)

    def gelu(self, x):
        one = self.node("Erf", self.node("Div", x, self.constant(np.float32(2**0.5))))
        one = self.node("Mul", x, self.node("Add", one, self.constant(np.float32(1))))
        return self.node("Mul", one, self.constant(np.float32(0.5)))

    def swish(self, x):
        return self.node("Mul", x, self.node("Sigmoid", x))

    def hard_swish(self, x):
        return self.node("Mul", x, self.node("HardSigmoid", x, alpha=1 / 6, beta=0.5))

    def linear(self, x, read, made):
        x = self.node("MatMul", x, self.constant(self.random.normal(0, read**-0.5, (read, made)).astype(np.float32)))
        return self.node("Identity", self.node("Add", x, self.constant(self._bias(made))))

    def layer_norm(self, x, channels, epsilon):
        less = self.node("Sub", x, self.node("ReduceMean", x, axes=[-1]))
        spread = self.node("ReduceMean", self.node("Pow", less, self.constant(np.float32(2))), axes=[-1])
        spread = self.node("Sqrt", self.node("Add", spread, self.constant(np.float32(epsilon))))
        scale = self.constant(1 + self._bias(channels))
        return self.node("Add", self.node("Mul", self.node("Div", less, spread), scale), self.weight(channels))

    def block(self, x, before, channels, down, excites):
        x = self.conv(x, before, before, (3, 3), (down, 1), groups=before)
        if excites:
            y = self.conv(self.node("ReduceMean", x, axes=[2, 3], keepdims=1), before, before // 4, (1, 1))
            y = self.conv(self.node("Relu", y), before // 4, before, (1, 1))
            x = self.node("Mul", x, self.node("HardSigmoid", y, alpha=1 / 6, beta=0.5))
        y = self.gelu(self.conv(x, before, 2 * before, (1, 1)))
        y = self.conv(y, 2 * before, channels, (1, 1))
        return self.node("Add", x, y) if down == 1 and before == channels else y

    def branching_stem(self, x, inside, after):
        x = self.node("Relu", self.conv(x, 3, inside, (3, 3), (2, 2)))
        y = self.node("Relu", self.conv(x, inside, inside // 2, (2, 2), same=True))
        y = self.node("Relu", self.conv(y, inside // 2, inside, (2, 2), same=True))
        x = self.node("MaxPool", x, kernel_shape=[2, 2], strides=[1, 1], auto_pad="SAME_UPPER")
        x = self.node("Relu", self.conv(self.node("Concat", x, y, axis=1), 2 * inside, inside, (3, 3), (2, 2)))
        return self.node("Relu", self.conv(x, inside, after, (1, 1)))

    def attention(self, x, C, heads):
        size = C // heads
        x = self.node("Reshape", self.linear(x, C, 3 * C), self.constant(np.array([0, -1, 3, heads, size])))
        x = self.node("Transpose", x, perm=[2, 0, 3, 1, 4])
        parts = [self.node("Gather", x, self.constant(np.array(part)), axis=0) for part in range(3)]
        q = self.node("Mul", parts[0], self.constant(np.float32(size**-0.5)))
        scores = self.node("MatMul", q, self.node("Transpose", parts[1], perm=[0, 1, 3, 2]))
        x = self.node("MatMul", self.node("Softmax", scores, axis=-1), parts[2])
        x = self.node("Reshape", self.node("Transpose", x, perm=[0, 2, 1, 3]), self.constant(np.array([0, -1, C])))
        return self.linear(x, C, C)

    def light_svtr(self, x, before, C, widened, reduced_first):
        """`reduced_first`: the order in which the file has the two convolutions that read the features."""
        first, second = (self.swish(self.batch_norm(self.conv(x, before, C, (1, 1), bias=False), C)) for _ in range(2))
        beside, x = (second, first) if reduced_first else (first, second)
        x = self.node("Add", x, self.swish(self.batch_norm(self.conv(x, C, C, (1, 7), groups=C, bias=False), C)))
        x = self.node("Transpose", self.node("Squeeze", x, axes=[2]), perm=[0, 2, 1])
        for _ in range(2):
            x = self.node("Add", x, self.attention(self.layer_norm(x, C, 1e-5), C, 8))
            y = self.swish(self.linear(self.layer_norm(x, C, 1e-5), C, widened))
            x = self.node("Add", x, self.linear(y, widened, C))
        x = self.node("Unsqueeze", self.node("Transpose", self.layer_norm(x, C, 1e-6), perm=[0, 2, 1]), axes=[2])
        return self.node("Transpose", self.node("Squeeze", self.node("Add", x, beside), axes=[2]), perm=[0, 2, 1])

    def guide(self, x, C):
        x = self.hard_swish(self.batch_norm(self.conv(x, C, C, (1, 5), groups=C, bias=False), C))
        x = self.hard_swish(self.batch_norm(self.conv(x, C, C, (1, 1), bias=False), C))
        return self.linear(self.node("Transpose", self.node("Squeeze", x, axes=[2]), perm=[0, 2, 1]), C, 80)


def recogniser(size, characters, seed=0, reduced_first=False, metadata=True):
    """The bytes of an ONNX file of a network of that size: input `x` [B, 3, 48, W], output probabilities."""
    write = GraphWriter(GAINS[size], seed)
    if size == "tiny":
        x = write.conv(write.gelu(write.conv("x", 3, 24, (3, 3), (2, 2))), 24, 48, (3, 3), (2, 2))
    else:
        x = write.branching_stem("x", *{"small": (48, 96), "medium": (64, 128)}[size])
    for block in BLOCKS[size]:
        x = write.block(x, *block)
    x = write.node("AveragePool", x, kernel_shape=[3, 2], strides=[3, 2])
    before = BLOCKS[size][-1][1]
    x = write.guide(x, before) if size == "tiny" else write.light_svtr(x, before, *NECKS[size], reduced_first)
    x = write.linear(x, NECKS.get(size, (80,))[0], len(characters) + 2)
    return finished(write, x, characters, metadata)


def earlier(characters):
    """The same of LCNetV3's first layers, as PP-OCRv4 and v5 mobile have them, each with a scale and an offset."""
    write = GraphWriter(2.0)

    def affine(x):
        return write.node("Add", write.node("Mul", x, write.weight(1)), write.weight(1))

    x = write.conv("x", 3, 16, (3, 3), (2, 2))
    for channels, made, side in ((16, 32, 3), (32, 64, 5)):
        x = affine(write.conv(x, channels, channels, (side, side), groups=channels))
        x = affine(write.conv(write.hard_swish(x), channels, made, (1, 1)))
    x = write.node("Squeeze", write.node("ReduceMean", x, axes=[2]), axes=[2])
    x = write.linear(write.node("Transpose", x, perm=[0, 2, 1]), 64, len(characters) + 2)
    return finished(write, x, characters)


def finished(write, x, characters, metadata=True):
    """The bytes of a network whose logits are `x`."""
    output = write.node("Softmax", x, axis=2)
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        write.nodes,
        "recogniser",
        [value("x", TensorProto.FLOAT, ["B", 3, 48, "W"])],
        [value(output, TensorProto.FLOAT, ["B", "T", len(characters) + 2])],
        write.constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=7)
    if metadata:
        helper.set_model_props(model, {"character": "\n".join(characters)})
    return model.SerializeToString()
