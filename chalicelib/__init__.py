"""The student archive: an edge, operations, stores, a pure domain and adapters to the outside."""
