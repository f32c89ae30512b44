"""How are journeys marked? They share one suite at a time, so one test process runs them all."""

import pytest

# The first journey waits for the suite to be prepared, hence the longer limit.
JOURNEY = [pytest.mark.journey, pytest.mark.xdist_group("journeys"), pytest.mark.timeout(400)]
BROWSER_JOURNEY = [*JOURNEY, pytest.mark.browser]

# The suite is restarted between the two; pytest sorts journeys so that this happens once.
WITHOUT_MODEL, MODEL = "without-model", "with-model"
WITH_MODEL = pytest.mark.parametrize("suite", [MODEL], indirect=True)
