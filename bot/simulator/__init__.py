"""The platforms' doubles: strict about every rule of the contracts, with faults on demand and a page to chat on.

Whoever serves the blueprint with waitress calls `admit(server)`: otherwise Zalo's headers do not arrive.

Everything passes through the bot's real webhooks and its real HTTP calls. Two doubles (zalo.py, messenger.py) share
what double.py says; control.py steers them; page.py shows two phones and the raw exchange.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

from flask import Blueprint, abort

from bot.simulator.accounts import Keyring, SimulatedAccount
from bot.simulator.acts import Act
from bot.simulator.control import Control, refusal
from bot.simulator.deliveries import Deliveries
from bot.simulator.double import Tools
from bot.simulator.faults import Faults
from bot.simulator.journal import Journal
from bot.simulator.messenger import Messenger
from bot.simulator.page import Page
from bot.simulator.underscores import admit
from bot.simulator.zalo import Zalo

__all__ = ["SimulatedAccount", "Simulator", "admit"]


class Simulator:
    """One Official Account and one Page that exist only here."""

    def __init__(
        self,
        bot_url: str,
        *,
        own_url: str,
        seed: int | None = None,
        secret: str,
        holds: int = 4,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Webhooks go to `bot_url`; the doubles answer under `own_url`.

        Ids, keys and tokens are derived from `secret`: a restart gives the same. `seed` makes the chances of faults
        repeatable. `holds` is how many calls a fault may keep waiting at a time (they hold the server's threads).
        """
        journal, chance = Journal(), random.Random(seed)
        self.bot_url = bot_url.rstrip("/")
        self.tools = Tools(
            journal=journal,
            faults=Faults(chance),
            deliveries=Deliveries(self.bot_url, journal),
            keyring=Keyring(secret),
            chance=chance,
            now=now,
            over=threading.Event(),
            holds=threading.BoundedSemaphore(holds),
            own_url=own_url.rstrip("/"),
        )
        self.zalo = Zalo(self.tools)
        self.messenger = Messenger(self.tools)

    @property
    def doubles(self) -> tuple[Zalo, Messenger]:
        return self.zalo, self.messenger

    @property
    def accounts(self) -> tuple[SimulatedAccount, ...]:
        return tuple(double.account for double in self.doubles)

    def double(self, platform: str) -> Zalo | Messenger:
        return self.zalo if platform == "zalo" else self.messenger

    def let(self, platform: str, user: str, act: Act) -> str:
        """Let a person act; inside a request, what they cannot do is answered 400."""
        try:
            return self.double(platform).do(user, act)
        except ValueError as error:
            abort(refusal(str(error)))

    def blueprint(self) -> Blueprint:
        """Give the API doubles, the control API and the chat page, to be mounted under /simulator."""
        blueprint = Blueprint(
            "simulator",
            __name__,
            url_prefix="/simulator",
            static_folder="static",
            static_url_path="/static",
            template_folder="templates",
        )
        for part in (self.zalo, self.messenger, Control(self), Page(self)):
            part.add_routes(blueprint)
        return blueprint

    def start(self) -> None:
        self.tools.over.clear()
        self.tools.deliveries.start()

    def stop(self) -> None:
        """Finish the webhooks in flight and let no call wait any longer."""
        self.tools.over.set()
        self.tools.deliveries.stop()

    def reset(self) -> None:
        """Forget people, settings, faults and logs. Tokens and keys stay."""
        self.tools.deliveries.clear()
        self.tools.faults.clear()
        self.tools.journal.forget(calls=True, webhooks=True, rest=True)
        for double in self.doubles:
            double.reset()
