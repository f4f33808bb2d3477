"""No function is forgotten by the deployment test, which runs apart from the others."""

import pytest

from infra.packaging.functions import read_functions
from infra.packaging.policies import load_policies
from tests.deployment.denied import DENIED
from tests.deployment.test_settings_files import KNOWN
from tests.deployment.uses import USES


@pytest.mark.req("R-70")
def test_every_function_has_a_call_that_it_must_not_make():
    assert set(DENIED) == set(read_functions())


def test_every_function_is_used_where_it_is_deployed():
    assert set(USES) == set(read_functions())


@pytest.mark.req("R-70")
def test_every_function_has_an_exact_policy():
    assert set(load_policies(list(read_functions()), KNOWN)) == set(read_functions())


@pytest.mark.req("R-70")
@pytest.mark.parametrize("function", DENIED)
def test_no_policy_allows_what_must_not_be_done(function):
    forbidden = DENIED[function]
    policy = load_policies(list(read_functions()), KNOWN)[function]
    assert not [
        statement.sid
        for statement in policy.statement
        if statement.effect == "Allow" and forbidden.action in statement.action
        if any(forbidden.place in resource for resource in statement.resource)
    ]
