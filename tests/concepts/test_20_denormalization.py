"""Denormalization · the same fact twice, and both in step

Problem        A page shows what lies in three tables: whoever views it pays for joining and counting, every time.
Idea           Keep a copy of each page as it is shown. Whoever changes a fact writes all its copies; who reads, reads one.
Guarantees     Whatever is done, in whatever order, both schemas give the same page: at once where copies are written by the
               change's own transaction or by triggers, elsewhere after a refresh, an event or a repair. No view waits.
Trade-off      Views get cheap, changes dear: a name on a hundred pages is written a hundred times. A writer that forgets one
               copy leaves a page that lies, and only a comparison with the source finds out.
Not shown      Copies in another database than their source; edits of a post; documents that outgrow 16 MB.
Sources        Codd: Further normalization of the data base relational model (1971); Kleppmann: Designing Data-Intensive
               Applications (2017), chapters 11, 12; microservices.io/patterns/data/transactional-outbox.html;
               mongodb.com/docs/manual/data-modeling; postgresql.org/docs/current/rules-materializedviews.html
Implementation src/sysdesign/storage/denormalization
Engines        SQLite · PostgreSQL · MongoDB
"""

import contextlib
import itertools
import signal
import threading
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from fixtures.deaths import doomed
from fixtures.engines import engines
from fixtures.servers.postgres_server import fresh_database
from sysdesign.storage import denormalization
from sysdesign.storage.denormalization import NEWEST, Gone, Page, Step, open_blog

SERVERS = {"SQLite": None, "PostgreSQL": "postgres", "MongoDB": "mongo"}
SQL = pytest.mark.parametrize("engine", engines({"SQLite": None, "PostgreSQL": "postgres"}), indirect=True)
POSTGRESQL = pytest.mark.parametrize("engine", engines({"PostgreSQL": "postgres"}), indirect=True)

IN_STEP, LATE = ("transaction", "fan-out", "triggers"), ("events", "view")  # ways to keep copies
AUTHORS = {1: "Ada", 2: "Grace", 3: "Barbara"}
POSTS = range(1, 7)
COMMENTS_PER_POST = 4
ADAS_ROWS = 2 + 12  # that show her name: two heads of pages, and twelve comments
BATCH = 2  # copies that a fan-out writes at once

SEQUENCES = {"SQLite": 120, "PostgreSQL": 50, "MongoDB": 40}  # of operations
STEPS = {"SQLite": 10, "PostgreSQL": 4, "MongoDB": 4}  # in each, behind its first four
READ_RATIO = {"SQLite": 2 / 3, "PostgreSQL": 1 / 3, "MongoDB": 1 / 10}  # a page view, denormalized ÷ normalized
WATCHED_SECONDS = 0.1  # for a writer that should wait to go wrong, where no lock tells that he does
PATIENCE_SECONDS = 10.0  # for what should happen


@pytest.fixture(params=engines(SERVERS))
def engine(request):
    """The engine's name."""
    return request.param


@pytest.fixture(scope="module")
def schemas(servers):
    """Addresses of empty schemas in one database of PostgreSQL: to make one for each test would take longer than the test."""
    server = servers.shared("postgres")
    with fresh_database(server) as url, server.recipe.client(url) as client:
        option = f"{'&' if '?' in url else '?'}options=-csearch_path%3Dblog_"
        yield (f"{url}{option}{n}" for n in itertools.count() if client.execute(f"CREATE SCHEMA blog_{n}"))


@pytest.fixture
def url(request, engine, tmp_path):
    """The address of an empty database."""
    if engine == "PostgreSQL":
        return next(request.getfixturevalue("schemas"))
    return request.getfixturevalue("mongo_url") if engine == "MongoDB" else f"sqlite:///{tmp_path}/blog"


@pytest.fixture
def connect(url):
    """Open the blog, each time on a connection of its own."""
    with contextlib.ExitStack() as stack:
        yield lambda *keep, **options: stack.enter_context(contextlib.closing(open_blog(url, *keep, **options)))


def write(blog):
    """Create a blog with three authors and six posts, each commented on four times."""
    blog.create()
    for author, name in AUTHORS.items():
        blog.register(author, name)
    for post in POSTS:
        blog.publish(post, f"Post {post}", author=1 + post % 3)
        for number in range(COMMENTS_PER_POST):
            blog.comment(10 * post + number, post, f"Comment {number}", author=1 + number % 3)
    return blog


@pytest.fixture
def blog(connect):
    """A blog whose copies are written by the transaction of each change."""
    return write(connect("transaction"))


def both(blog, posts=POSTS):
    """Return the pages as each schema gives them."""
    return [[pages.read(post) for post in posts] for pages in (blog.normalized, blog.denormalized)]


def test_both_schemas_give_the_same_page(blog, observe):
    """A page put together from three tables and a page read as it stands show the same."""
    joined, copied = blog.normalized.read(1), blog.denormalized.read(1)
    comments = (("Ada", "Comment 3"), ("Barbara", "Comment 2"), ("Grace", "Comment 1"), ("Ada", "Comment 0"))

    observe("on the page", f"{copied.title} by {copied.author}, {copied.comments} comments")
    assert joined == copied == Page("Post 1", "Grace", 4, comments)


def test_a_denormalized_page_is_read_without_a_join(blog, observe):
    """Where its copies lie is looked up once each; put together, a page takes several looks into the three tables."""
    joined, copied = blog.normalized.tables(1), blog.denormalized.tables(1)

    observe("looked up, normalized", ", ".join(joined))
    observe("looked up, denormalized", ", ".join(copied))
    assert set(joined) == {"authors", "comments", "posts"}
    assert len(copied) == len(set(copied) - set(joined)) < len(joined)


@SQL
@pytest.mark.parametrize("keep", [*IN_STEP, *LATE])
def test_copies_are_kept_in_step(connect, keep, observe):
    """A transaction, a fan-out and triggers write every copy at once; an event consumer and a materialized view when asked."""
    blog = write(connect(keep, batch=BATCH))
    blog.catch_up()

    blog.rename(1, "Ada Lovelace")
    blog.remove(11)
    blog.withdraw(2)
    late = len(blog.denormalized.divergent())
    blog.catch_up()
    joined, copied = both(blog)

    observe("rows out of date before it caught up", late, "rows")
    assert copied == joined
    assert bool(late) == (keep in LATE)
    assert blog.denormalized.divergent() == []


@pytest.fixture
def operations(connect, engine):  # noqa: C901 - rules are no branches
    """A machine that makes up sequences of operations, each on authors and posts of its own, and compares the schemas."""
    from hypothesis import strategies as st
    from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

    ways = () if engine == "MongoDB" else (*IN_STEP, *LATE)
    kept, numbers = write(connect(*ways, batch=BATCH)), itertools.count(1_000)
    fanned_out = kept if ways else connect("fan-out", batch=BATCH)
    consumers = kept.keepers[len(IN_STEP) : -1]
    which, texts = st.integers(0, 9), st.sampled_from(["yes", "O'Neill", "Łukasz 🦆", ""])
    pick = lambda some, number: some[number % len(some)]

    class Operations(RuleBasedStateMachine):
        blog = kept

        @initialize(blog=st.sampled_from([kept, fanned_out]))
        def begin(self, blog):
            self.blog, self.start = blog, max((consumer.position for consumer in consumers), default=0)
            self.authors, self.posts, self.comments = [next(numbers), next(numbers)], [], []
            for author in self.authors:
                blog.register(author, f"Author {author}")
            self.publish("First", 0)
            self.comment(0, "Yes", 1)

        @rule(title=texts, author=which)
        def publish(self, title, author):
            self.posts.append(next(numbers))
            self.blog.publish(self.posts[-1], title, pick(self.authors, author))

        @rule(post=which, text=texts, author=which)
        def comment(self, post, text, author):
            self.comments.append(next(numbers))
            with contextlib.suppress(Gone):
                self.blog.comment(self.comments[-1], pick(self.posts, post), text, pick(self.authors, author))

        @rule(author=which, name=texts)
        def rename(self, author, name):
            self.blog.rename(pick(self.authors, author), name)

        @rule(comment=which)
        def remove(self, comment):
            self.blog.remove(pick(self.comments, comment))

        @rule(post=which)
        def withdraw(self, post):
            with contextlib.suppress(Gone):
                self.blog.withdraw(pick(self.posts, post))

        @rule(begin=which, direction=st.sampled_from([1, -1]))
        def deliver_again_or_too_early(self, begin, direction):
            for consumer in consumers:
                for event in consumer.outbox.after(self.start, limit=100)[begin::direction]:
                    consumer.deliver(*event)

        @rule(copies=st.just(kept.copies[: len(IN_STEP)]))
        def compare(self, copies):
            joined = [self.blog.normalized.read(post) for post in self.posts]
            assert [[pages.read(post) for post in self.posts] for pages in copies] == [joined] * len(copies)

        def teardown(self):
            for consumer in consumers:
                consumer.catch_up()
            self.compare(kept.copies[: len(IN_STEP) + 1])

    return Operations


def test_after_any_sequence_of_operations_both_schemas_agree(operations, engine, seed, thoroughness, observe):
    """Whatever is published, commented on, renamed, removed and withdrawn, in any order: both schemas give equal answers."""
    from hypothesis import HealthCheck, Phase, settings
    from hypothesis import seed as seeded
    from hypothesis.stateful import run_state_machine_as_test

    quiet = settings(deadline=None, database=None, report_multiple_bugs=False, suppress_health_check=list(HealthCheck))
    if engine != "SQLite":  # on servers it takes minutes to find the shortest sequence that fails
        quiet = settings(quiet, phases=[Phase.generate])
    chosen = settings(quiet, max_examples=SEQUENCES[engine] * thoroughness, stateful_step_count=STEPS[engine])

    run_state_machine_as_test(seeded(seed)(operations), settings=chosen)
    operations.blog.catch_up()  # the view, computed once, has to show how every sequence ended

    observe("sequences of operations", chosen.max_examples, "sequences")
    assert not any(copies.divergent() for copies in operations.blog.copies)


@SQL
def test_events_may_come_twice_and_in_any_order(connect, chance, observe):
    """However often, and in whatever order, an event is delivered: in the end the copies are as the source is."""
    blog = write(connect("events"))
    blog.rename(1, "Ada Lovelace")
    blog.remove(11)
    blog.withdraw(2)

    [consumer] = blog.keepers
    events = consumer.outbox.after(0, limit=1_000)
    for event in (*events[::-1], *chance.sample(events, len(events))):
        consumer.deliver(*event)
    joined, copied = both(blog)

    observe("events, each delivered twice", len(events), "events")
    assert copied == joined
    assert blog.denormalized.divergent() == []


def test_views_get_cheap_and_changes_dear(connect, engine, observe, draw):
    """A view of a copied page reads a part of what a page put together reads; a name is written to each row that shows it."""
    blog, posts = connect(), 20 if engine == "MongoDB" else 100
    comments = 40 * posts  # each by somebody else
    blog.create()
    blog.load(
        ((n, f"Author {n}") for n in range(comments)),
        ((n, f"Post {n}", n % 5) for n in range(posts)),
        ((n, n % posts, n * 7919 % comments, f"Comment {n}") for n in range(comments)),
    )
    busy, copies = 1, posts // 5 + 1  # of whose name there are so many copies: on posts, and on a comment

    joined, copied = blog.normalized.cost(7), blog.denormalized.cost(7)
    rename = blog.written(lambda: blog.rename(busy, "Somebody"))
    comment = blog.written(lambda: blog.comment(100_000, 7, "New", busy))
    page = blog.denormalized.read(7)

    observe("a page view, normalized", joined, blog.unit)
    observe("a page view, denormalized", copied, blog.unit)
    costs = {"normalized": (joined, 1, 1), "denormalized": (copied, comment, rename)}
    draw(
        "What views save, and changes pay", "Copies turn costs around: many views that got cheap pay for a dear change.",
        {name: list(zip(("page view", "comment", "rename"), cost, strict=True)) for name, cost in costs.items()},
        x="operation", y=f"{blog.unit} read, rows written", kind="bars", log="y",
    )  # fmt: skip
    assert copied <= joined * READ_RATIO[engine]
    assert (comment, rename) == (1 + 2, 1 + copies)
    assert (page.comments, len(page.newest), page.newest[0]) == (41, NEWEST, ("Somebody", "New"))
    assert page == blog.normalized.read(7)


def write_past_the_blog(blog):
    """Rename Ada, and add and remove a comment on the first post, as somebody does who knows of no copies."""
    if blog.unit == "documents":
        blog.database.authors.update_one({"_id": 1}, {"$set": {"name": "Ada Lovelace"}})
        blog.database.comments.insert_one({"_id": 99, "post": 1, "author": 1, "text": "By hand"})
        blog.database.comments.delete_one({"_id": 10})
    else:
        blog.database.rows("UPDATE authors SET name = 'Ada Lovelace' WHERE author = 1")
        blog.database.rows("INSERT INTO comments VALUES (98, 2, 1, 'By hand'), (99, 1, 1, 'By hand')")
        blog.database.rows("DELETE FROM comments WHERE comment IN (10, 98)")


def test_a_writer_that_forgets_the_copies_leaves_pages_that_lie(blog, observe):
    """Counterexample: what is changed in the source alone is on no page, until comparing finds it and repair mends it."""
    write_past_the_blog(blog)
    joined, copied = both(blog)
    divergent, repaired = blog.denormalized.divergent(), blog.denormalized.repair()

    observe("rows that lied", len(divergent), "rows")
    assert {page.newest[0][0] for page in joined} == {"Ada Lovelace"}
    assert {page.newest[0][0] for page in copied} == {"Ada"}
    assert repaired == len(divergent) == ADAS_ROWS + 1  # and the new comment
    assert both(blog) == [joined, joined]
    assert blog.denormalized.divergent() == []


@SQL
def test_triggers_leave_nothing_to_be_forgotten(connect):
    """What is written past the blog, by whatever statement, reaches the copies that triggers keep."""
    blog = write(connect("triggers"))

    write_past_the_blog(blog)
    blog.database.rows("UPDATE comments SET text = 'Edited' WHERE comment = 99")
    blog.database.rows("UPDATE posts SET title = 'Edited'")
    joined, copied = both(blog)

    assert copied == joined
    assert copied[0].title == copied[0].newest[0][1] == "Edited"


@pytest.fixture
def beside(connect, engine, eventually):
    """Halt one thing behind a step, do others meanwhile, as far as they get; tell of each if it was done, and its result."""

    def beside(keep, first, *writers, reader=None, at=Step.COPIED):
        reached, resumed, watcher = threading.Event(), threading.Event(), connect()
        halted = connect(keep, batch=BATCH, reach=lambda step: step is at and (reached.set(), resumed.wait()))
        locked = "SELECT pid FROM pg_stat_activity WHERE pid = ? AND wait_event_type = 'Lock'"
        seconds = {**dict.fromkeys(writers, WATCHED_SECONDS), **({reader: PATIENCE_SECONDS} if reader else {})}
        with ThreadPoolExecutor() as pool, contextlib.ExitStack() as stack:
            stack.callback(resumed.set)
            doing, early = pool.submit(first, halted), {}
            assert reached.wait(PATIENCE_SECONDS)
            for other, patience in seconds.items():
                blog = connect(keep)
                result = pool.submit(other, blog)
                if engine == "PostgreSQL":
                    waits = (locked, blog.database.connection.info.backend_pid)
                    eventually(lambda result=result, waits=waits: result.done() or watcher.database.rows(*waits))
                else:
                    wait([result], timeout=patience)
                early[result] = result.done()
        doing.result()
        return [(done, result.result()) for result, done in early.items()]

    return beside


def test_of_two_comments_at_once_both_are_counted(blog, beside, observe):
    """A comment that is written while another is not committed yet counts on from that one, not from before both."""
    beside(
        "transaction", lambda one: one.comment(98, 1, "!", author=1), lambda other: other.comment(99, 1, "?", author=2)
    )
    joined, copied = blog.normalized.read(1), blog.denormalized.read(1)

    observe("counted", copied.comments, "comments")
    assert copied == joined
    assert copied.comments == COMMENTS_PER_POST + 2


def test_who_writes_back_a_counter_that_he_has_read_loses_the_others_comment(blog, engine, observe):
    """Counterexample: two who both read the counter before either has written it count one comment for two."""
    read = lambda: blog.denormalized.read(1).comments
    if engine == "MongoDB":
        write_back = lambda count: blog.pages.update_one({"_id": 1}, {"$set": {"count": count}})
    else:
        write_back = lambda count: blog.database.rows(
            "UPDATE in_transaction_pages SET comments = ? WHERE post = 1", count
        )

    before = [read(), read()]
    for count in before:
        write_back(count + 1)

    observe("counted for two comments", read() - before[0], "comments")
    assert read() == before[0] + 1


def test_what_is_published_during_a_rename_bears_the_new_name(blog, beside):
    """A post by an author whose other name is not committed yet waits for it, and does not copy the one that ends."""
    rename = lambda one: one.rename(1, "Ada Lovelace")
    [(early, _)] = beside("transaction", rename, lambda other: other.publish(7, "Post 7", author=1))
    joined, copied = blog.normalized.read(7), blog.denormalized.read(7)

    assert not early
    assert copied == joined == Page("Post 7", "Ada Lovelace", 0, ())


def test_of_two_renames_at_once_the_later_name_is_everywhere(connect, beside):
    """A fan-out that is overtaken by another, of a later name, does not write the earlier name over it."""
    blog = write(connect("fan-out"))

    renames = lambda one: one.rename(1, "Ada King"), lambda other: other.rename(1, "Ada Lovelace")
    beside("fan-out", *renames, at=Step.FANNED_OUT)
    joined, copied = both(blog)

    assert copied == joined
    assert copied[0].newest[0] == ("Ada Lovelace", "Comment 3")


@POSTGRESQL
def test_no_event_is_skipped_because_a_later_one_was_committed_first(connect, beside):
    """A consumer that runs while one change is not committed yet, and another comes behind it, misses neither."""
    blog = write(connect("events"))

    renames = lambda one: one.rename(1, "Ada L."), lambda other: other.rename(2, "Grace H.")
    beside("events", *renames, lambda consumer: consumer.catch_up())
    blog.catch_up()
    joined, copied = both(blog)

    assert copied == joined


def test_a_rebuild_disturbs_no_reader_and_loses_no_writer(blog, beside):
    """While all copies are written anew, pages are read as they were; who comments meanwhile stands on the new ones."""
    _, before = both(blog)

    comment, read = lambda writer: writer.comment(99, 1, "New", author=2), lambda reader: both(reader)[1]
    (commented, _), (was_read, seen) = beside(
        "transaction", lambda one: one.denormalized.rebuild(), comment, reader=read
    )
    joined, copied = both(blog)

    assert (commented, was_read) == (False, True)
    assert seen == before
    assert copied == joined
    assert copied[0].newest[0] == ("Grace", "New")


@SQL
def test_a_refresh_blocks_no_reader(connect, beside):
    """While a view is computed anew, readers go on with the old one: a page is read before the refresh is committed."""
    blog = write(connect("view"))
    blog.catch_up()
    blog.rename(1, "Ada Lovelace")

    [(early, page)] = beside("view", lambda one: one.catch_up(), reader=lambda other: other.denormalized.read(1))

    assert early
    assert page.newest[0][0] == "Ada"
    assert blog.denormalized.read(1).newest[0][0] == "Ada Lovelace"


@POSTGRESQL
def test_a_plain_refresh_locks_readers_out(connect, beside, observe):
    """Counterexample: a refresh that is not told to leave room for readers holds a lock that each of them waits for."""
    write(connect("view"))

    def refresh(one):
        with one.database.transaction():
            one.database.rows("REFRESH MATERIALIZED VIEW view_pages")
            one.keepers[0].reach(Step.COPIED)

    [(early, _)] = beside("view", refresh, reader=lambda other: other.denormalized.read(1))

    observe("a reader during a plain refresh", "reads" if early else "waits for a lock")
    assert not early


@pytest.fixture(scope="module")
def mortal():
    """A process whose children work on a blog, and die at it."""
    with doomed(denormalization.__name__, preload=["psycopg", "pymongo"]) as process:
        yield process


@pytest.fixture
def die(url, mortal):
    """Let processes work on the blog at once, each until kill -9 behind a step: (step, the how manieth time, operations)."""

    def life(keep, step, times, operations):
        reach = f"lambda step: step.value == {step.value!r} and next(lives, None) is None and die()"
        blog = f"open_blog({url!r}, {keep!r}, batch={BATCH}, reach={reach})"
        work = ", ".join(f"blog.{name}(*{arguments!r})" for name, *arguments in operations)
        return f"[lives := iter(range({times - 1})), blog := {blog}, {work}]"

    def die(keep, *lives):
        ended = mortal.attempts(*(life(keep, *each) for each in lives))
        assert {*ended} == {-signal.SIGKILL}

    return die


@SQL
@pytest.mark.parametrize("keep", ["transaction", "events"])
@pytest.mark.parametrize("step", [Step.WRITTEN, Step.COPIED, Step.COMMITTED], ids=lambda step: step.value)
def test_killed_within_a_transaction_nothing_diverges(connect, die, keep, step):
    """Whatever step of a change a process is killed behind: source, copies and events have the change, or none of them has."""
    blog = write(connect(keep))

    die(keep, (step, 1, [("rename", 1, "Ada Lovelace")]))
    blog.catch_up()
    joined, copied = both(blog)

    assert copied == joined
    assert {page.newest[0][0] for page in copied} == {"Ada Lovelace" if step is Step.COMMITTED else "Ada"}


@SQL
def test_a_killed_consumer_loses_no_event(connect, die):
    """Where a consumer is killed with some of its events taken, the next takes all that were not committed."""
    blog = write(connect("events"))

    die("events", (Step.CONSUMED, 5, [("catch_up",)]))
    blog.catch_up()
    joined, copied = both(blog)

    assert copied == joined


def test_killed_in_mid_fan_out_copies_diverge_until_they_are_repaired(connect, die, chance, thoroughness, observe):
    """Processes that write at once are killed while they spread a name: comparing finds what was left, and repair mends it."""
    blog, numbers, left, repaired = write(connect("fan-out")), itertools.count(100), [], []

    def life(author):
        mine = [next(numbers) for _ in range(4)]
        comments = [("comment", number, chance.choice(POSTS), "!", author) for number in mine]
        others = [("remove", mine[0]), ("publish", mine[0], "New", author), ("rename", author, f"Name {mine[0]}")]
        return Step.FANNED_OUT, chance.randint(1, 2), [*comments, *others]

    for _ in range(thoroughness):
        die("fan-out", *map(life, AUTHORS))
        left.append(len(blog.denormalized.divergent()))
        repaired.append(blog.denormalized.repair())
    joined, copied = both(blog, range(1, next(numbers)))

    observe("processes killed", thoroughness * len(AUTHORS), "processes")
    observe("divergent rows after chaos", sum(left), "rows")
    observe("divergent rows after repair", len(blog.denormalized.divergent()), "rows")
    assert repaired == left
    assert min(left) > 0
    assert copied == joined
    assert blog.denormalized.divergent() == []


@pytest.mark.benchmark(group="one page view")
def test_the_cost_of_one_page_view(blog, benchmark):
    """What one view of a copied page costs on each engine, from the caller's side."""
    page = benchmark(blog.denormalized.read, 1)

    assert page.comments == COMMENTS_PER_POST
