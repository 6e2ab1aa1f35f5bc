"""From bytes to typed records. Nothing is dropped and nothing is guessed: a wrong shape stops the file, a wrong row is rejected with its reason."""

from esg_kpis.ingest.run import AS_KNOWN, Ingested, Metered, ingest, refused_meters, registered_meters

__all__ = ["AS_KNOWN", "Ingested", "Metered", "ingest", "refused_meters", "registered_meters"]
