"""How are journeys marked?"""

import pytest

# The first journey waits for the suite to be prepared, hence the longer limit.
JOURNEY = [pytest.mark.journey, pytest.mark.timeout(400)]
BROWSER_JOURNEY = [*JOURNEY, pytest.mark.browser]

# The suite is restarted between the two; pytest sorts journeys so that this happens once.
WITHOUT_MODEL, MODEL = "without-model", "with-model"
WITH_MODEL = pytest.mark.parametrize("suite", [MODEL], indirect=True)
