"""Which sentences are our own? The few fixed ones around quoted passages, in each language we speak."""

from typing import NamedTuple


class Phrases(NamedTuple):
    """``not_found`` offers a person; ``unsure`` stands before a passage that may not be what was asked."""

    not_found: str
    unsure: str
    steps: str
    greeting: str
    thanks: str


PHRASES: dict[str, Phrases] = {
    "en": Phrases(
        not_found="I could not find this in our help articles. Would you like to talk to a person?",
        unsure="I am not sure this is what you are asking, but this is the closest I found in our help articles:",
        steps="Here is how:",
        greeting="Hello! What can I help you with?",
        thanks="You are welcome! Is there anything else I can help you with?",
    ),
    "de": Phrases(
        not_found="Dazu habe ich in unseren Hilfeartikeln nichts gefunden. Möchten Sie mit einem Menschen sprechen?",
        unsure="Ich bin nicht sicher, ob Sie das meinen, aber am nächsten kommt in unseren Hilfeartikeln dies:",
        steps="So geht es:",
        greeting="Hallo! Wobei kann ich Ihnen helfen?",
        thanks="Gern geschehen! Kann ich sonst noch etwas für Sie tun?",
    ),
    "fr": Phrases(
        not_found="Je n\u2019ai rien trouvé à ce sujet dans nos articles d\u2019aide. "
        "Souhaitez-vous parler à une personne\u00a0?",
        unsure="Je ne suis pas sûr que ce soit votre question, mais voici le plus proche dans notre aide\u00a0:",
        steps="Voici comment faire\u00a0:",
        greeting="Bonjour\u00a0! Comment puis-je vous aider\u00a0?",
        thanks="Avec plaisir\u00a0! Puis-je faire autre chose pour vous\u00a0?",
    ),
    "es": Phrases(
        not_found="No he encontrado esto en nuestros artículos de ayuda. ¿Quiere hablar con una persona?",
        unsure="No estoy seguro de que sea lo que pregunta, pero esto es lo más cercano en nuestra ayuda:",
        steps="Así se hace:",
        greeting="¡Hola! ¿En qué puedo ayudarle?",
        thanks="¡De nada! ¿Puedo ayudarle en algo más?",
    ),
    "ar": Phrases(
        not_found="لم أجد هذا في مقالات المساعدة لدينا. هل تود التحدث إلى أحد موظفينا؟",
        unsure="لست متأكدا من أن هذا ما تسأل عنه، لكنه أقرب ما وجدته في مقالات المساعدة:",
        steps="إليك الطريقة:",
        greeting="مرحبا! كيف يمكنني مساعدتك؟",
        thanks="على الرحب والسعة! هل هناك شيء آخر يمكنني مساعدتك فيه؟",
    ),
}


def phrases_for(language: str) -> Phrases:
    """Return our sentences in ``language``, in English where we do not speak it."""
    return PHRASES.get(language[:2].lower(), PHRASES["en"])
