"""Pictures drawn while a model learns."""

import pytest

from attention_ocr import parallel
from attention_ocr.config import Config, SignsConfig
from attention_ocr.training import sources


@pytest.mark.parametrize(("wanted", "cores", "number"), [(1, 8, 1), (2, 8, 2), (5, 8, 5), (0, 1, 2), (0, 8, 8)])
def test_so_many_processes_draw(wanted, cores, number, tmp_path, monkeypatch):
    used = []
    monkeypatch.setattr(parallel, "_available_cores", lambda: cores)
    monkeypatch.setattr(
        parallel, "map_in_order", lambda function, items, workers, chunk: used.append(workers) or map(function, items)
    )
    config = Config().replace(render="signs", render_workers=wanted, batch_size=1, difficulty=0.0)
    data = sources.DrawnSource(config, SignsConfig(num_views=1, image_height=32, image_width=32)).open(tmp_path)
    ((pictures),) = next(data.batches(0))
    assert pictures["images"].shape == (1, 32, 32, 3)
    assert used == [number]
