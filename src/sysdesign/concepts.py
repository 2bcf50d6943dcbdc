"""The catalogue: thirty concepts of system design, in the order in which they are read.

Whatever needs the list takes it from here: the command line, the handbook, the parity tests. Where a concept's
specification and implementation live follows from its number, its name and its part: nothing else has to be registered.
"""

from dataclasses import dataclass

PARTS = ("networking", "apis", "storage", "distributed")


@dataclass(frozen=True)
class Concept:
    """One concept: its place in the reading order, and its idea in a sentence that a beginner understands."""

    number: int
    name: str
    title: str
    part: str
    idea: str

    @property
    def module(self) -> str:
        """The importable name of the implementation: `sysdesign.storage.indexing`."""
        return f"sysdesign.{self.part}.{self.name}"

    @property
    def specification(self) -> str:
        """Where the specification lies, relative to the repository: `tests/concepts/test_14_indexing.py`."""
        return f"tests/concepts/test_{self.number:02d}_{self.name}.py"

    @property
    def implementation(self) -> str:
        """Where the implementation lies, relative to the repository: `src/sysdesign/storage/indexing.py`.

        A concept that has outgrown one module is a package of the same name in the same folder.
        """
        return f"src/sysdesign/{self.part}/{self.name}.py"


CONCEPTS = (
    Concept(
        1,
        "client_server",
        "Client-server architecture",
        "networking",
        "One program keeps the data and answers; many others ask it over the network.",
    ),
    Concept(
        2,
        "dns",
        "IP addresses and DNS",
        "networking",
        "Machines find each other by number, people by name; DNS is the phone book that turns one into the other.",
    ),
    Concept(
        3,
        "proxies",
        "Proxy and reverse proxy",
        "networking",
        "A go-between that speaks for the clients, or stands in front of the servers, and sees all that passes.",
    ),
    Concept(
        4,
        "latency_and_data_centers",
        "Latency and data centres",
        "networking",
        "No message outruns light, so what is far away answers late: keep data near, and make fewer trips.",
    ),
    Concept(
        5,
        "https",
        "HTTP and HTTPS",
        "networking",
        "HTTP can be read and altered by anyone on the way; TLS seals it, and proves who is at the other end.",
    ),
    Concept(
        6,
        "http_messages",
        "HTTP requests and responses",
        "apis",
        "A method, a path, headers and a body go out; a status, headers and a body come back.",
    ),
    Concept(
        7,
        "rest_api",
        "REST API",
        "apis",
        "Everything has an address, and a handful of methods to read, create, change and remove it.",
    ),
    Concept(
        8,
        "graphql",
        "GraphQL",
        "apis",
        "The client says exactly which fields it wants, and gets those and no others in one answer.",
    ),
    Concept(
        9,
        "response_formats",
        "JSON and XML",
        "apis",
        "The same data can be written down in several ways; client and server agree on one of them per request.",
    ),
    Concept(
        10,
        "api_versioning",
        "API versioning",
        "apis",
        "An API can change without breaking those who use it, if old and new live side by side.",
    ),
    Concept(
        11,
        "sql_and_nosql",
        "SQL and NoSQL",
        "storage",
        "Tables joined by their keys, or whole documents kept together: what you ask most decides which fits.",
    ),
    Concept(
        12,
        "scaling",
        "Vertical and horizontal scaling",
        "storage",
        "More work needs a bigger machine or more machines; both help, and both end somewhere.",
    ),
    Concept(
        13,
        "load_balancing",
        "Load balancing",
        "storage",
        "One address in front of many servers deals out the requests, and leaves out those that do not answer.",
    ),
    Concept(
        14,
        "indexing",
        "Indexes",
        "storage",
        "A sorted list of pointers finds a row in a few steps instead of reading them all; every write pays for it.",
    ),
    Concept(
        15,
        "replication",
        "Replication",
        "storage",
        "The same data on several machines: when one dies, another goes on, and many can answer reads.",
    ),
    Concept(
        16,
        "sharding",
        "Sharding",
        "storage",
        "Data too big for one machine is cut into shares, and a key tells which machine holds which.",
    ),
    Concept(
        17,
        "vertical_partitioning",
        "Vertical partitioning",
        "storage",
        "Columns that are read often are kept apart from those that are big and seldom read.",
    ),
    Concept(
        18,
        "caching",
        "Caching, cache-aside",
        "storage",
        "An answer that was hard to find is kept close by, and handed out again while it is still right.",
    ),
    Concept(
        19,
        "ttl_expiration",
        "TTL and expiration",
        "storage",
        "Data that carries its own date of expiry goes away by itself, and nobody has to remember to remove it.",
    ),
    Concept(
        20,
        "denormalization",
        "Denormalization",
        "storage",
        "Storing the same fact twice makes reading it quick, and keeping the copies equal the work.",
    ),
    Concept(
        21,
        "cap_theorem",
        "CAP theorem",
        "distributed",
        "When the network splits, a system can go on answering or go on agreeing with itself, but not both.",
    ),
    Concept(
        22,
        "blob_storage",
        "Blob storage",
        "distributed",
        "Big files live under a key in a store of their own; the database keeps only the key.",
    ),
    Concept(
        23,
        "cdn",
        "Content delivery network",
        "distributed",
        "Copies of what many people ask for wait near them, so that the origin is hardly asked at all.",
    ),
    Concept(
        24,
        "websockets",
        "WebSockets",
        "distributed",
        "One connection stays open, and both sides speak whenever they have something to say.",
    ),
    Concept(
        25,
        "webhooks",
        "Webhooks",
        "distributed",
        "Instead of being asked again and again, a service calls you when something has happened.",
    ),
    Concept(
        26,
        "microservices",
        "Microservices",
        "distributed",
        "Small services with data of their own change and fail apart from each other, and pay for it in messages.",
    ),
    Concept(
        27,
        "message_queue",
        "Message queue",
        "distributed",
        "Work is put in a queue and done later, so that sender and receiver need not be there at the same time.",
    ),
    Concept(
        28,
        "rate_limiting",
        "Rate limiting",
        "distributed",
        "A request costs a token, tokens come back at a steady rate, and without a token you wait.",
    ),
    Concept(
        29,
        "api_gateway",
        "API gateway",
        "distributed",
        "One entrance for many services, where what they all need is done once: who you are, how often, where to.",
    ),
    Concept(
        30,
        "idempotency",
        "Idempotency",
        "distributed",
        "Asking twice does the thing once, so that whoever is unsure may simply ask again.",
    ),
)


def concept(name: str) -> Concept:
    """The concept of that name; raises `LookupError` with the names that exist."""
    for candidate in CONCEPTS:
        if candidate.name == name:
            return candidate
    known = ", ".join(each.name for each in CONCEPTS)
    raise LookupError(f"no concept is called {name!r}; the thirty are: {known}")
