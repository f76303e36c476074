"""The topics, in order of precedence: the first that gives a Reply has the turn."""

from bot.talk import Topic
from handlers.attachments import Attachments
from handlers.campaign import Campaign
from handlers.danger import Danger
from handlers.decline import Decline
from handlers.events import Events
from handlers.initiative import Initiative
from handlers.linking import Linking
from handlers.menu import Menu
from handlers.person import ToPerson
from handlers.privacy import Privacy
from handlers.questions import Questions
from handlers.smalltalk import Smalltalk
from handlers.staff_link import StaffLink
from handlers.stop import Stop
from handlers.subscription import Subscription
from handlers.survey import Survey
from handlers.unsure import Unsure

TOPICS: tuple[Topic, ...] = (
    Danger(),
    Stop(),
    Campaign(),
    Unsure(),
    ToPerson(),
    StaffLink(),
    Survey(),
    Linking(),
    Events(),
    Subscription(),
    Privacy(),
    Initiative(),
    Questions(),
    Menu(),
    Attachments(),
    Smalltalk(),
    Decline(),
)
