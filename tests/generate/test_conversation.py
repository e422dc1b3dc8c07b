"""Reading the messages of a request."""

from typing import Any

import pytest

from emulator.generate.conversation import read


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def test_the_last_user_message_is_the_prompt_and_the_one_before_it_the_previous() -> None:
    talk = read([user("One?"), assistant("1."), user("Two?"), assistant("2."), user("Three?")])
    assert (talk.prompt, talk.previous, talk.earlier, talk.heard) == ("Three?", "Two?", ["One?", "Two?"], "2.")


def test_a_first_message_has_nothing_before_it() -> None:
    talk = read([user("One?")])
    assert (talk.prompt, talk.previous, talk.earlier, talk.heard) == ("One?", None, [], None)


def test_what_was_last_answered_is_known_when_several_user_messages_follow() -> None:
    assert read([user("One?"), assistant("1."), user("Two?"), user("Three?")]).heard == "1."


def test_an_answer_after_the_last_question_does_not_hide_it() -> None:
    talk = read([user("One?"), assistant("The answer is")])
    assert (talk.prompt, talk.heard) == ("One?", None)


def test_a_plain_text_is_one_user_message() -> None:
    talk = read("What is 2 + 2?")
    assert (talk.prompt, talk.tokens) == ("What is 2 + 2?", 4)


def test_a_conversation_without_a_user_has_an_empty_prompt() -> None:
    assert read([assistant("Hello")]).prompt == read([]).prompt == read(None).prompt == ""


def test_every_message_and_the_system_prompt_count() -> None:
    talk = read([user("12345"), assistant("1234"), user("1")], system="12345678")
    assert talk.tokens == 2 + 1 + 1 + 2


def test_parts_are_joined_and_an_image_counts_1600_tokens() -> None:
    parts = [{"type": "text", "text": "What is"}, {"type": "image", "source": {}}, {"type": "text", "text": "this?"}]
    talk = read([user(parts)])
    assert (talk.prompt, talk.images, talk.tokens) == ("What is\nthis?", 1, 1_600 + 4)


def test_another_price_of_an_image_may_be_given() -> None:
    assert read([user([{"type": "image_url"}, {"type": "image"}])], image_tokens=10).tokens == 20


def test_images_of_earlier_messages_count_but_are_not_what_is_asked_about() -> None:
    talk = read([user([{"type": "image"}]), assistant("A cat."), user("Sure?")])
    assert (talk.images, talk.tokens) == (0, 1_600 + 2 + 2)


@pytest.mark.parametrize("content", [None, 5, {}, [None, 7, {"type": "text"}, {"type": "tool_result"}], [[]]])
def test_content_of_another_form_says_nothing(content: Any) -> None:
    talk = read([user(content)])
    assert (talk.prompt, talk.images, talk.tokens) == ("", 0, 0)


def test_texts_may_stand_among_the_parts_and_what_is_no_message_is_passed_over() -> None:
    assert read(["what", None, user(["Hello", "there"])]).prompt == "Hello\nthere"


def test_messages_of_other_roles_count_but_ask_and_answer_nothing() -> None:
    talk = read([{"role": "system", "content": "Be kind."}, user("One?"), {"role": "tool", "content": "1234"}])
    assert (talk.prompt, talk.heard, talk.tokens) == ("One?", None, 2 + 1 + 1)
