"""The topics, in order of precedence: the first that gives a Reply has the turn."""

from bot.talk import Topic
from handlers.attachments import Attachments
from handlers.danger import Danger
from handlers.decline import Decline
from handlers.initiative import Initiative
from handlers.menu import Menu
from handlers.person import ToPerson
from handlers.privacy import Privacy
from handlers.questions import Questions
from handlers.smalltalk import Smalltalk
from handlers.stop import Stop
from handlers.subscription import Subscription
from handlers.unsure import Unsure

TOPICS: tuple[Topic, ...] = (
    Danger(),
    Stop(),
    Unsure(),
    ToPerson(),
    Subscription(),
    Privacy(),
    Initiative(),
    Questions(),
    Menu(),
    Attachments(),
    Smalltalk(),
    Decline(),
)
