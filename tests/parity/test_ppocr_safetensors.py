"""PP-OCRv6's safetensors files become networks that say what the library transformers says; others are told apart.

The library's own names and shapes, as it writes them, are `written` by hand here; the slow tests ask itself.
"""

import json

import numpy as np
import pytest
from keras import ops

from attention_ocr.errors import UserError
from attention_ocr.model import ppocr_files, ppocr_import, ppocr_safetensors
from attention_ocr.model.layouts.lcnet import SIZES, parts

CHARACTERS = ["blank", *"ab1é漢", " "]


def tensors(size, seed=0):
    """The tensors of a network, by the library's names: random, with batch norms where the library has them."""
    random = np.random.default_rng(seed)
    found = {}

    def put(name, shape, has_norm):
        kernel, norm = (f"{name}.convolution", f"{name}.normalization") if has_norm is True else (name, has_norm)
        spread = np.prod(shape[1:]) ** -0.5
        found[f"{kernel}.weight"] = random.normal(0, 1.2 * spread, shape).astype(np.float32)
        if not has_norm:
            found[f"{name}.bias"] = random.normal(0, 0.1, shape[0]).astype(np.float32)
            return
        for one in ("weight", "bias", "running_mean"):
            found[f"{norm}.{one}"] = (random.normal(0, 0.1, shape[0]) + (one == "weight")).astype(np.float32)
        found[f"{norm}.running_var"] = random.uniform(0.5, 1.5, shape[0]).astype(np.float32)
        found[f"{norm}.num_batches_tracked"] = np.array(7, np.int64)

    def convolution(name, made, read, side, has_norm=True):
        put(name, (made, read, *((side, side) if isinstance(side, int) else side)), has_norm)

    tower = "model.backbone.encoder"
    stem = f"{tower}.convolution"
    if size == "tiny":
        convolution(f"{stem}.conv1", 24, 3, 3)
        convolution(f"{stem}.conv2", 48, 24, 3)
    else:
        inside, after = {"small": (48, 96), "medium": (64, 128)}[size]
        convolution(f"{stem}.stem1", inside, 3, 3)
        convolution(f"{stem}.stem2a", inside // 2, inside, 2)
        convolution(f"{stem}.stem2b", inside, inside // 2, 2)
        convolution(f"{stem}.stem3", inside, 2 * inside, 3)
        convolution(f"{stem}.stem4", after, inside, 1)
    for stage, blocks in enumerate(STAGES[size]):
        for place, (before, channels, down, excites) in enumerate(blocks):
            block = f"{tower}.blocks.{stage}.blocks.{place}"
            # A depthwise layer beside a shortcut has its branches fused, another its batch norm.
            convolution(f"{block}.token_conv", before, 1, 3, down > 1 or before != channels)
            if excites:
                convolution(f"{block}.token_squeeze_excitation.convolutions.0", before // 4, before, 1, False)
                convolution(f"{block}.token_squeeze_excitation.convolutions.2", before, before // 4, 1, False)
            convolution(f"{block}.channel_conv1", 2 * before, before, 1)
            convolution(f"{block}.channel_conv2", channels, 2 * before, 1)
    C = STAGES[size][-1][-1][1]
    if size == "tiny":
        put("head.conv1", (C, 1, 5), "head.norm1")
        put("head.conv2", (C, C, 1), "head.norm2")
        put("head.fc1", (80, C), False)
        put("head.fc2", (len(CHARACTERS), 80), False)
        return found
    hidden, widened = {"small": (120, 240), "medium": (192, 768)}[size]
    convolution("head.encoder.conv_block.0", hidden, C, 1)
    convolution("head.encoder.conv_block.1", hidden, C, 1)
    convolution("head.encoder.conv_block.2", hidden, 1, (1, 7))
    for block in ("head.encoder.svtr_block.0", "head.encoder.svtr_block.1"):
        put(f"{block}.self_attn.qkv", (3 * hidden, hidden), False)
        put(f"{block}.self_attn.projection", (hidden, hidden), False)
        put(f"{block}.mlp.fc1", (widened, hidden), False)
        put(f"{block}.mlp.fc2", (hidden, widened), False)
        put(f"{block}.layer_norm1", (hidden,), False)
        put(f"{block}.layer_norm2", (hidden,), False)
    put("head.encoder.norm", (hidden,), False)
    put("head.head", (len(CHARACTERS), hidden), False)
    return found


# (channels before, channels, stride of the rows, squeeze and excitation), as the library's configs list them.
STAGES = {
    "tiny": [
        [(48, 48, 1, True)],
        [(48, 48, 1, False)],
        [(48, 96, 2, False), (96, 96, 1, True), (96, 96, 1, False)],
        [(96, 160, 2, False), (160, 160, 1, True), (160, 160, 1, False), (160, 160, 1, False)],
    ],
    "small": [
        [(96, 96, 1, True)],
        [(96, 96, 1, False), (96, 96, 1, False)],
        [(96, 192, 2, False), *[(192, 192, 1, True), (192, 192, 1, False)] * 3],
        [(192, 384, 2, False), (384, 384, 1, True), (384, 384, 1, False)],
    ],
    "medium": [
        [(128, 128, 1, True)],
        [(128, 256, 1, False), (256, 256, 1, False), (256, 256, 1, True)],
        [(256, 512, 2, False), *[(512, 512, 1, True), (512, 512, 1, False)] * 3],
        [(512, 768, 2, False), (768, 768, 1, True), (768, 768, 1, False)],
    ],
}
NUMPY_NAMES = {"float32": "F32", "float16": "F16", "int64": "I64", "uint16": "BF16"}


def write(folder, given, characters=CHARACTERS):
    """A safetensors file of tensors, with the characters beside it."""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, array in given.items():
        content = array.tobytes()
        kind, ends = NUMPY_NAMES[array.dtype.name], [len(data), len(data) + len(content)]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": ends}
        data += content
    told = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(told).to_bytes(8, "little") + told + data)
    (folder / "preprocessor_config.json").write_text(json.dumps({"character_list": characters}), encoding="utf-8")
    return folder / "model.safetensors"


def ours(model, pictures):
    """Probabilities in the order of the file's classes: blank, characters."""
    found = ops.convert_to_numpy(ops.softmax(model({"images": pictures})["chars_logit"]))
    return np.concatenate([found[..., -1:], found[..., :-2]], axis=-1)


def pictures_of(width, number=2):
    return np.random.default_rng(width).integers(0, 256, [number, 48, width, 3], np.uint8)


@pytest.mark.parametrize("size", ["tiny", "small", pytest.param("medium", marks=pytest.mark.slow)])
def test_every_layer_is_taken_with_its_batch_norm(size, tmp_path):
    given = tensors(size)
    recogniser = ppocr_files.read(write(tmp_path, given))
    assert (recogniser.size, recogniser.characters, recogniser.is_known) == (size, "ab1é漢 ", False)
    assert set(recogniser.weights) == {part.name for part in parts(SIZES[size])}
    taken = {ppocr_safetensors.name_of(part, SIZES[size]) for part in parts(SIZES[size])}
    left = {name.rpartition(".")[0].removesuffix(".convolution").removesuffix(".normalization") for name in given}
    assert left - taken <= {"head.head", "head.fc2", "head.norm1", "head.norm2"}
    last = f"model.backbone.encoder.blocks.3.blocks.{len(STAGES[size][3]) - 1}.channel_conv2"
    scale = given[f"{last}.normalization.weight"] / np.sqrt(given[f"{last}.normalization.running_var"] + 1e-5)
    kernel, bias = recogniser.weights[f"block_{sum(map(len, STAGES[size]))}/narrow"]
    wanted = given[f"{last}.convolution.weight"] * scale[:, None, None, None]
    np.testing.assert_allclose(kernel, wanted.transpose(2, 3, 1, 0), rtol=1e-5)
    wanted = given[f"{last}.normalization.bias"] - given[f"{last}.normalization.running_mean"] * scale
    np.testing.assert_allclose(bias, wanted, rtol=1e-4, atol=1e-6)


def test_a_safetensors_file_is_a_checkpoint_and_read_by_every_backend(tmp_path):
    from attention_ocr.model.model_file import load_model
    from attention_ocr.reading.reader import Reader

    path = write(tmp_path, tensors("tiny"))
    model = load_model(path, characters="1a漢")
    assert model.dataset.charset.symbols == ["a", "1", "漢", ""]
    sizes = np.array([[48, 165], [48, 83]], np.int32)
    wanted = model({"images": pictures_of(192), "sizes": sizes})["chars_logit"]
    for backend in ("auto", "keras", "openvino"):
        found = Reader.load(path, backend=backend, characters="1a漢").backend.predict(pictures_of(192), sizes)
        np.testing.assert_allclose(found["chars_logit"], wanted, atol=1e-3)


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_half_the_precision_is_read_as_what_it_is(kind, tmp_path):
    given = tensors("tiny")
    halved = {
        name: array.astype(np.float16) if kind == "float16" else (array.view(np.uint32) >> 16).astype(np.uint16)
        for name, array in given.items()
        if array.dtype == np.float32
    }
    found, whole = ppocr_files.read(write(tmp_path, halved)), ppocr_files.read(write(tmp_path, given))
    for name, (kernel, _) in whole.weights.items():
        np.testing.assert_allclose(found.weights[name][0], kernel, rtol=0.02, atol=1e-3)


def test_classes_without_a_character_are_left_out(tmp_path):
    recogniser = ppocr_files.read(write(tmp_path, tensors("tiny"), CHARACTERS[:-2]))
    assert recogniser.characters == "ab1é"
    assert recogniser.head[0].shape == (80, 5)
    assert recogniser.head[1].shape == (5,)


def other_network(given):
    return {name: array for name, array in given.items() if "channel_conv1" not in name}


@pytest.mark.parametrize(
    ("change", "characters", "told"),
    [
        (other_network, CHARACTERS, r"model\.safetensors: is not a recogniser of PP-OCRv6 as transformers keeps them"),
        (dict, [*CHARACTERS, "x"], "its head has 7 classes, but preprocessor_config.json beside it 7 characters"),
        (dict, ["blank", "a", "bc"], "'bc' is not one character"),
        (dict, ["blank", "a", "a"], "has 'a' twice"),
        (dict, "abc", r"preprocessor_config\.json: has no list 'character_list'"),
    ],
)
def test_other_files_are_told_apart(change, characters, told, tmp_path):
    path = write(tmp_path, change(tensors("tiny")), characters)
    with pytest.raises(UserError, match=told):
        ppocr_files.read(path)


@pytest.mark.parametrize("content", [b"", b"x" * 40, b"\x05\0\0\0\0\0\0\0null", b"\x10\0\0\0\0\0\0\0{}", "cut"])
def test_damaged_files_are_told_apart(content, tmp_path):
    path = write(tmp_path, tensors("tiny"))
    path.write_bytes(path.read_bytes()[:-1000] if content == "cut" else content)
    with pytest.raises(UserError, match=r"model\.safetensors: is not a safetensors file"):
        ppocr_files.read(path)


def test_missing_files_are_one_line(tmp_path):
    path = write(tmp_path, tensors("tiny"))
    (tmp_path / "preprocessor_config.json").unlink()
    with pytest.raises(UserError, match=r"has no characters beside it .*preprocessor_config\.json"):
        ppocr_files.read(path)
    with pytest.raises(UserError, match=r"none\.safetensors: cannot be read"):
        ppocr_files.read(tmp_path / "none.safetensors")


@pytest.mark.slow
@pytest.mark.parametrize("size", ["tiny", "small", "medium"])
def test_a_network_says_what_the_library_says(size, tmp_path):
    torch = pytest.importorskip("torch", reason="torch, which the library transformers needs, is not installed")
    library = pytest.importorskip("transformers", reason="the library transformers is not installed")
    network = theirs(torch, library, size)
    network.save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"character_list": CHARACTERS}), encoding="utf-8")
    model = ppocr_import.open_recogniser(tmp_path / "model.safetensors")
    assert model.config.lcnet_size == size
    for width in (136, 168):
        pictures = pictures_of(width)
        pixels = (pictures[..., ::-1].astype(np.float32) / 255 - 0.5) / 0.5
        with torch.no_grad():
            wanted = network(torch.tensor(pixels.transpose(0, 3, 1, 2).copy())).last_hidden_state.numpy()
        assert np.ptp(wanted, axis=1).max() > 0.05  # columns differ, else any network would do
        np.testing.assert_allclose(ours(model, pictures), wanted, atol=1e-4)


def theirs(torch, library, size):
    """The library's network with random weights and statistics."""
    blocks = [[[3, a, b, [2, 1] if down > 1 else 1, excites] for a, b, down, excites in each] for each in STAGES[size]]
    stem = {"tiny": [3, 24, 48], "small": [3, 48, 96], "medium": [3, 64, 128]}[size]
    backbone = library.PPLCNetV4Config(
        block_configs=blocks,
        stem_channels=stem,
        stem_type="small" if size == "tiny" else "large",
        out_features=["stage4"],
    )
    torch.manual_seed(0)
    if size == "tiny":
        config = library.PPOCRV6TinyRecConfig(
            backbone_config=backbone, hidden_size=80, head_out_channels=len(CHARACTERS)
        )
        network = library.PPOCRV6TinyRecForTextRecognition(config)
    else:
        hidden, ratio = {"small": (120, 2.0), "medium": (192, 4.0)}[size]
        config = library.PPOCRV6SmallRecConfig(
            backbone_config=backbone, hidden_size=hidden, mlp_ratio=ratio, head_out_channels=len(CHARACTERS)
        )
        network = library.PPOCRV6SmallRecForTextRecognition(config)
    given = {name: torch.tensor(array) for name, array in tensors(size).items()}
    network.load_state_dict(given)
    return network.eval()
