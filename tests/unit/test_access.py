"""Who may do what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joblet.access import ACCESS, Operation, Principal, Role, authorize, role_from_units
from joblet.errors import AccessDeniedError, UnauthenticatedError

FOR_ADMINS = {
    Operation.RUN_JOB,
    Operation.STOP_JOB,
    Operation.REMOVE_JOBS,
    Operation.WRITE_INPUT,
    Operation.DOWNLOAD_FILES,
}


@pytest.mark.parametrize("operation", Operation)
def test_every_operation_has_a_rule(operation: Operation) -> None:
    """An operation without a rule would be denied to everybody, which nobody wants to find out later."""
    assert ACCESS[operation]


@pytest.mark.parametrize("operation", Operation)
def test_an_admin_may_do_everything(operation: Operation) -> None:
    """OU=admin is full access."""
    authorize(Principal("ann", Role.ADMIN), operation)


@pytest.mark.parametrize("operation", Operation)
def test_a_viewer_may_only_look(operation: Operation) -> None:
    """OU=viewer is read-only, and the denial is in the API's words."""
    viewer = Principal("vic", Role.VIEWER)
    if operation not in FOR_ADMINS:
        authorize(viewer, operation)
        return
    with pytest.raises(AccessDeniedError) as denied:
        authorize(viewer, operation)
    assert str(denied.value) == f"role viewer is not allowed to perform operation {operation.value}"


@pytest.mark.parametrize(
    ("units", "role"),
    [
        (["admin"], Role.ADMIN),
        (["VIEWER"], Role.VIEWER),
        (["Engineering", " Admin "], Role.ADMIN),
        (["viewer", "admin"], Role.VIEWER),
    ],
)
def test_the_first_unit_that_is_a_role_counts(units: list[str], role: Role) -> None:
    """Any case, any position, the first one that names a role."""
    assert role_from_units(units) is role


@given(st.lists(st.text().filter(lambda unit: unit.strip().lower() not in set(Role))))
def test_no_role_is_unauthenticated(units: list[str]) -> None:
    """Without a role the caller is unknown, and the message says what was found."""
    with pytest.raises(UnauthenticatedError, match=r"^failed to extract client role: "):
        role_from_units(units)
