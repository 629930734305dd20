# SPDX-License-Identifier: Apache-2.0
"""Every documented error code: provoked, or answered when a fault asks for it and listed with the reason."""

import pytest
from documents import EXCEPTIONS, error_codes
from provocations import ALL, PROVOCATIONS, SCM, Provoker

CODES = error_codes()


def test_every_code_is_provoked_or_excepted():
    provoked, excepted = set(PROVOCATIONS), set(EXCEPTIONS["codes"])
    assert not provoked & excepted
    assert provoked | excepted == set(CODES)


@pytest.mark.parametrize("code", PROVOCATIONS)
def test_code_is_provoked(cloud, code):
    answer = PROVOCATIONS[code](Provoker(cloud))
    assert answer.code == code, answer
    status, message = CODES[code]
    # The gateway has one code for two cases, each with a status of its own.
    assert answer.status == status or code == "APIGW.0201"
    if message and code not in EXCEPTIONS["texts"]:
        assert answer.json["error_msg"].startswith(message)


@pytest.mark.parametrize("code", EXCEPTIONS["codes"])
def test_code_is_answered_when_asked_for(cloud, code):
    provoker = Provoker(cloud)
    cloud.fault({"code": code}, times=1)
    if code.startswith("APIG."):
        answer = cloud.call("GET", f"/v2/{cloud.facts['project_id']}/apigw/certificates/x")
    else:
        answer = provoker.get(ALL if code.startswith("PCA") else SCM)
    status, message = CODES[code]
    assert (answer.status, answer.code) == (status, code)
    if message and code not in EXCEPTIONS["texts"]:
        assert answer.json["error_msg"] == message
