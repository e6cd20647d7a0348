"""Figures of a running server for Prometheus, in a registry of their own."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """What is counted. Labels hold routes, never what a caller typed."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "sanxian_requests", "Requests answered", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "sanxian_request_seconds", "Time to answer", ("route",), buckets=SECONDS, registry=self.registry
        )
        self.active = Gauge("sanxian_requests_active", "Requests being answered", registry=self.registry)
        self.screenings = Counter(
            "sanxian_screenings", "Projects screened", ("verdict",), registry=self.registry
        )
        self.readings = Counter(
            "sanxian_uploads_read", "Uploaded files read", ("outcome",), registry=self.registry
        )
        self.bytes_in = Counter("sanxian_request_bytes", "Bytes of request bodies", registry=self.registry)
        self.bytes_out = Counter("sanxian_response_bytes", "Bytes of response bodies", registry=self.registry)
        self.jobs = Gauge("sanxian_jobs", "Jobs by state", ("state",), registry=self.registry)
        self.disk_free = Gauge(
            "sanxian_disk_free_bytes", "Free space where the data lies", registry=self.registry
        )

    def text(self) -> tuple[bytes, str]:
        """Return the figures as Prometheus reads them, and their media type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST
