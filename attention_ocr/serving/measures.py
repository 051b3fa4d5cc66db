"""What Prometheus is told."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
PICTURES = (1, 2, 4, 8, 16, 32, 64)


class Measures:
    """Counters and histograms of one service."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self.requests = self._made(Counter, "requests", "Requests by path and status.", ("path", "status"))
        self.latency = self._made(
            Histogram, "request_seconds", "From the request to its answer.", ("path",), buckets=SECONDS
        )
        self.pictures = self._made(Counter, "pictures", "Pictures that were read.", ("model",))
        self.batches = self._made(Histogram, "batch_pictures", "Pictures read together.", ("model",), buckets=PICTURES)
        self.reading = self._made(Histogram, "batch_seconds", "Time to read a batch.", ("model",), buckets=SECONDS)
        self.queue = self._made(Gauge, "pictures_under_way", "Pictures on their way or waiting.", ("model",))
        self.rejects = self._made(Counter, "rejects", "Requests and pictures that were refused.", ("reason",))

    def _made(self, kind, name, text, labels, **options):
        return kind(f"attention_ocr_{name}", text, labels, registry=self._registry, **options)

    def text(self) -> bytes:
        """All of them in Prometheus's format."""
        return generate_latest(self._registry)
