"""Client of the PeeGeeQ Service Manager.

``PeeGeeQServiceManagerClient`` waits for answers, ``AsyncPeeGeeQServiceManagerClient`` is awaited; both have the same methods. Answers are
dictionaries as the manager sends them, typed in :mod:`peegeeq_service_manager.models`, which comes from its OpenAPI document.
"""

from . import models
from ._async.client import AsyncPeeGeeQServiceManagerClient
from ._errors import ErrorKind, ServiceManagerError
from ._events import Update
from ._sync.client import PeeGeeQServiceManagerClient

__all__ = ["AsyncPeeGeeQServiceManagerClient", "ErrorKind", "PeeGeeQServiceManagerClient", "ServiceManagerError", "Update", "models"]
