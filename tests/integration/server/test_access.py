"""Who may call what: every RPC of the protos, with every kind of certificate, over real TLS."""

from __future__ import annotations

import pytest
from grpclib.const import Cardinality, Handler, Status
from grpclib.exceptions import GRPCError

from joblet.access import ACCESS, Role
from joblet.server.auth import ANY_CERTIFICATE, RULES
from joblet.testing.authority import Authority
from joblet.wire.generated import joblet_pb2 as pb
from joblet.wire.generated.joblet_grpc import JobletServiceStub
from joblet.wire.status import ERROR_KEY
from support.descriptors import REACHED, Rpc, Tripwire, reached, rpcs
from support.edge import call_failure, connected, running_edge, running_only

ALL = {rpc.path: rpc for rpc in rpcs()}
WITH_ROLE = [path for path, rule in RULES.items() if rule is not ANY_CERTIFICATE]


def test_every_rpc_has_a_rule() -> None:
    """The table has exactly the RPCs of the protos: a new one without a rule fails here."""
    assert set(RULES) == set(ALL)


def test_every_operation_has_roles() -> None:
    """No rule names an operation that nobody may perform."""
    assert all(ACCESS[rule] for rule in RULES.values() if rule is not ANY_CERTIFICATE)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("rpc", ALL.values(), ids=ALL)
async def test_a_role_may_do_what_the_table_says(rpc: Rpc, role: Role) -> None:
    """An allowed call reaches its service; any other is refused by role and operation."""
    authority = Authority()
    rule = RULES[rpc.path]
    allowed = rule is ANY_CERTIFICATE or role in ACCESS[rule]

    async with running_only(authority, Tripwire()) as port:
        with connected(port, authority.client(role)) as channel:
            error = await call_failure(rpc.call(channel))

    if allowed:
        assert (error.status, error.message) == (Status.INTERNAL, REACHED)
    else:
        assert error.status is Status.PERMISSION_DENIED
        assert error.message == f"role {role} is not allowed to perform operation {rule}"


@pytest.mark.parametrize("path", WITH_ROLE)
@pytest.mark.parametrize("units", [(), ("Research",), ("superadmin", "view er")])
async def test_no_role_no_call(path: str, units: tuple[str, ...]) -> None:
    """A good certificate whose units name no role is not authenticated; the message says what was found."""
    authority = Authority()
    async with running_only(authority, Tripwire()) as port:
        with connected(port, authority.client(*units)) as channel:
            error = await call_failure(ALL[path].call(channel))

    assert error.status is Status.UNAUTHENTICATED
    assert str(error.message).startswith("failed to extract client role: ")
    assert all(repr(unit) in str(error.message) for unit in units)


@pytest.mark.parametrize(
    ("units", "role"),
    [(("ADMIN",), Role.ADMIN), (("Research", "Viewer"), Role.VIEWER), (("viewer", "admin"), Role.VIEWER)],
)
async def test_the_first_unit_that_is_a_role_counts(units: tuple[str, ...], role: Role) -> None:
    """Units are read in any case, others are passed over, and the first role wins."""
    authority = Authority()
    async with running_only(authority, Tripwire()) as port:
        with connected(port, authority.client(*units)) as channel:
            error = await call_failure(ALL["/joblet.JobletService/RunJob"].call(channel))

    assert (error.message == REACHED) == (role is Role.ADMIN)


class Unruled:
    """A service that nobody has written a rule for."""

    def __mapping__(self) -> dict[str, Handler]:
        return {"/joblet.New/Thing": Handler(reached, Cardinality.UNARY_UNARY, pb.EmptyRequest, pb.Jobs)}


async def test_an_rpc_without_a_rule_is_denied() -> None:
    """Nobody may call what has no rule, admins neither."""
    authority = Authority()
    rpc = Rpc("/joblet.New/Thing", Cardinality.UNARY_UNARY, pb.EmptyRequest, pb.Jobs)
    async with running_only(authority, Unruled()) as port:
        with connected(port, authority.client("admin")) as channel:
            error = await call_failure(rpc.call(channel))

    assert error.status is Status.PERMISSION_DENIED


async def test_an_unknown_rpc_is_unimplemented() -> None:
    """A path that is no RPC is answered as gRPC wants it."""
    authority = Authority()
    rpc = Rpc("/joblet.JobletService/Nothing", Cardinality.UNARY_UNARY, pb.EmptyRequest, pb.Jobs)
    async with running_edge(authority) as port:
        with connected(port, authority.client("admin")) as channel:
            error = await call_failure(rpc.call(channel))

    assert error.status is Status.UNIMPLEMENTED


async def test_a_refusal_names_its_class() -> None:
    """The class of the error is in the trailing metadata, for clients that rebuild it."""
    authority = Authority()
    async with running_only(authority, Tripwire()) as port:
        with connected(port, authority.client("viewer")) as channel:
            stream = JobletServiceStub(channel).StopJob.open()
            with pytest.raises(GRPCError):  # noqa: PT012  a stream has to be left to have its status
                async with stream:
                    await stream.send_message(pb.StopJobReq(id="1"))
                    await stream.recv_message()

    assert stream.trailing_metadata is not None
    assert stream.trailing_metadata[ERROR_KEY] == "AccessDeniedError"
