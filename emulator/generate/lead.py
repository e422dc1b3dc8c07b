"""The first sentence of an answer: it takes up what the prompt is about."""

from __future__ import annotations

from emulator.generate.topic import Topic

# Every sentence reads well with a singular and with a plural in place of {}.
_LEADS = {
    "how": [
        "Here is a simple way to think about {}.",
        "There is more than one good answer on {}, but the basics stay the same.",
        "When it comes to {}, a little planning goes a long way.",
        "The short version of {}: begin with the essentials and build from there.",
        "Most people who ask {} find that the first step is the hardest.",
        "Good question. On {}, it pays to take things one step at a time.",
    ],
    "ask": [
        "In short, {} can be explained with one or two simple ideas.",
        "There is a lot to say about {}, so here are the main points.",
        "When people talk about {}, they usually have one of two things in mind.",
        "Here is a quick overview of {}.",
        "As for {}, the short answer is simpler than it looks.",
        "To understand {}, it helps to start with the big picture.",
    ],
    "why": [
        "There are a few reasons for this, and they all have to do with {}.",
        "The short answer lies in how {} fit together.",
        "It comes down to a few basic facts about {}.",
        "Good question. With {}, one thing tends to lead to another.",
        "People have wondered about {} for a long time, and there is a good explanation.",
    ],
    "whether": [
        "In most cases, yes, although with {} it depends on your situation.",
        "It depends on what you need from {}.",
        "For most people who ask about {}, the answer is a careful yes.",
        "That is a fair question about {}, and there are good arguments on both sides.",
        "As far as {} are concerned, it can work well under the right conditions.",
    ],
    "make": [
        "Here is a first version of {}.",
        "Sure, here are a few thoughts towards {}.",
        "Happy to. This is how {} might begin.",
        "Certainly. For {}, I would start like this.",
        "Here is one way to approach {}.",
    ],
    "help": [
        "Happy to help you {}.",
        "Sure, let's work out together how to {}.",
        "Of course. To {}, we can go step by step.",
        "Glad to. Before you {}, it is worth settling the goal.",
    ],
    "say": [
        "Thanks for bringing up {}.",
        "Let me share a few thoughts on {}.",
        "On the subject of {}, a few things are worth knowing.",
        "There is quite a bit to say about {}.",
        "Here is what stands out about {}.",
        "Interesting. When it comes to {}, the details matter.",
    ],
}
_NO_TOPIC = [
    "Thanks for your message.",
    "Here are a few thoughts on that.",
    "Let me think that through with you.",
    "Good question, and there is more than one way to look at it.",
]
_IMAGE = [
    "The image shows a clear main subject against a calm background.",
    "In the picture, the main subject stands slightly off centre, in soft light.",
    "This looks like a photograph taken in daylight, with one main subject and few distractions.",
]


def lead(topic: Topic, images: int, number: int) -> str:
    """The first sentence of an answer on this topic, or about the image where one was sent; `number` chooses."""
    if images:
        return _IMAGE[number % len(_IMAGE)]
    if not topic.phrase:
        return _NO_TOPIC[number % len(_NO_TOPIC)]
    frames = _LEADS[topic.kind]
    before, _, after = frames[number % len(frames)].partition("{}")
    return before + topic.phrase + after
