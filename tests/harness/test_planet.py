"""The small planet: its ways, its routers, where functions run on it, and what is told where it cannot be had."""

import os
import subprocess
import sys

import psutil
import pytest

from fixtures import planet as planets
from fixtures.planet import Bystander, Planet, World
from fixtures.planet_errands import WORLD, answer_datagrams, asked, network, raw_socket
from fixtures.servers.server import ServerFailed, ServerMissing

DEGREE_KM = 111.195


@pytest.fixture(scope="module")
def planet():
    with Planet(WORLD) as planet:
        planet.data_centres.run(answer_datagrams)
        yield planet


@pytest.fixture(autouse=True)
def calm(planet):
    yield
    planet.calm()


def only_here():
    """Be a function of a module that nobody else can import."""


def test_the_shortest_way_is_taken_and_its_length_is_the_delay():
    """A way leads over the cables whose lengths add up to the least, and light in them takes its time."""
    assert WORLD.path("A", "C") == ["A", "B", "C"]
    assert WORLD.kilometres("A", "C") == pytest.approx(20 * DEGREE_KM, rel=1e-4)
    assert WORLD.round_trip("A", "A") == pytest.approx(2 * planets.LAST_MILE_MS / 1_000)
    cable = 20 * DEGREE_KM * planets.WINDING / planets.FIBRE_KM_PER_S
    assert WORLD.round_trip("A", "C") == pytest.approx(2 * cable + WORLD.round_trip("A", "A"), rel=1e-4)
    with pytest.raises(LookupError, match="no cable leads"):
        World({"A": (0, 0), "B": (1, 1)}, [], ["A"]).path("A", "B")


def test_no_packet_is_early_and_hardly_one_late(planet):
    """What is sent to a data centre and comes back has been away for as long as was asked for."""
    took = planet.users.run(asked, count=5)

    assert min(took) >= WORLD.round_trip("A", "C")
    assert min(took) <= WORLD.round_trip("A", "C") + 0.002


def test_weather_befalls_the_packets_that_it_should(planet):
    """Every so many packets are lost, or late, or all of them lost; when it is calm again, none."""
    planet.weather("C", lose_every=3)
    lost = planet.users.run(asked, count=6, patience=0.3)
    planet.weather("C", late_every=2, late_ms=60)
    late = planet.users.run(asked, count=4)
    planet.cut("C")
    cut = planet.users.run(asked, patience=0.1)
    planet.calm()
    calm = planet.users.run(asked)

    assert [result == "TimeoutError" for result in lost] == [False, False, True, False, False, True]
    assert [took >= WORLD.round_trip("A", "C") + 0.06 for took in late] == [False, True, False, True]
    assert cut == ["TimeoutError"]
    assert calm[0] >= WORLD.round_trip("A", "C")


def test_routers_tell_of_what_they_drop(planet):
    """Where nobody lives, and where no way leads, the sender is told by the router that knows it."""
    assert planet.users.run(asked, host=WORLD.vacant("C")) == ["No route to host"]
    assert planet.users.run(asked, host="203.0.113.1") == ["Network is unreachable"]
    assert planet.users.run(asked, ttl=2) == ["No route to host"]  # as the kernel reads that its time was exceeded


def test_functions_run_where_they_are_told(planet):
    """Each end has a network of its own, and neither is this machine's."""
    networks = {network(), *(side.run(network) for side in (planet.users, planet.data_centres))}

    assert len(networks) == 3
    assert planet.strangers.run(network) == planet.users.run(network)


def test_what_a_function_raises_comes_back(planet):
    """A function that fails there raises here, with the place where it failed."""
    with pytest.raises(ZeroDivisionError) as raised:
        planet.users.run(divmod, 1, 0)

    assert "fixtures/planet.py" in raised.value.__notes__[0]


def test_a_function_that_is_not_known_there_is_no_end(planet):
    """What cannot be found by its name there raises here, and the planet goes on."""
    with pytest.raises(ModuleNotFoundError, match="test_planet"):
        planet.users.run(only_here)

    assert planet.users.run(divmod, 7, 2) == (3, 1)


def test_strangers_may_do_all_but_icmp(planet):
    """Who is no more than a user may open a connection, and no socket for ICMP."""
    with pytest.raises(PermissionError):
        planet.strangers.run(raw_socket)

    assert planet.strangers.run(asked)[0] >= WORLD.round_trip("A", "C")


def test_a_bystander_runs_functions_in_this_network():
    """A process beside this one shares its network, and is gone when it is closed."""
    bystander = Bystander()
    pid = bystander.run(os.getpid)
    assert bystander.run(network) == network()

    bystander.close()

    assert not psutil.pid_exists(pid)
    with pytest.raises((ServerFailed, OSError)):
        bystander.run(os.getpid)


def test_all_of_it_ends_with_the_planet():
    """No process of a planet is left when it is closed."""
    with Planet(WORLD) as planet:
        pids = [side.run(os.getpid) for side in (planet.users, planet.data_centres, planet.strangers)]

    assert not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE for pid in pids)


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [("TUN", "/dev/nowhere", "/dev/nowhere cannot be opened: modprobe tun"), ("PATH", "", "install util-linux")],
    ids=["no device", "no program"],
)
def test_where_it_cannot_be_had_the_cure_is_told(monkeypatch, name, value, cure):
    """Where the system does not let us, the error says what would help."""
    if name == "PATH":
        monkeypatch.setenv(name, value)
    else:
        monkeypatch.setattr(planets, name, value)

    with pytest.raises(ServerMissing, match=cure):
        Planet(WORLD)


def test_a_program_of_the_system_finds_the_planet_as_any_other(planet):
    """Python as a process of its own on the planet asks a data centre, and knows nothing of how small the world is."""
    program = f"import socket; s = socket.socket(2, 2); s.connect(('{WORLD.data_centre('C')}', 7)); s.send(b'x'); print(s.recv(9))"
    done = planet.users.run(subprocess.run, [sys.executable, "-c", program], capture_output=True, text=True, timeout=10)

    assert done.stdout == "b'x'\n"
