# Ansible callback: one JSON line for each thing that happens, so that progress and failures are told in Demesne's words.
from __future__ import annotations

import json

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: demesne_events
type: stdout
short_description: JSON lines for Demesne
description: [Prints one JSON line for each task start and result.]
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "demesne_events"

    def _say(self, **event):
        self._display.display(json.dumps(event, default=str))

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._say(event="start", task=task.get_name().strip())

    def v2_runner_on_ok(self, result):
        self._say(event="ok", task=result.task_name, changed=result.is_changed())

    def v2_runner_on_skipped(self, result):
        self._say(event="skipped", task=result.task_name)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._fail("failed", result)

    def v2_runner_on_unreachable(self, result):
        self._fail("unreachable", result)

    def _fail(self, event, result):
        # `result._result` became `result.result` in ansible-core 2.19.
        told = getattr(result, "result", None) or result._result
        if told.get("_ansible_no_log"):
            told = {"msg": "the output is withheld: the task handles a secret"}
        parts = {key: str(told[key])[-4000:] for key in ("msg", "stderr", "stdout", "rc") if told.get(key)}
        self._say(event=event, task=result.task_name, **parts)
