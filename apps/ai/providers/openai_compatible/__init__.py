"""How do we stream an answer from a model endpoint that speaks the OpenAI dialect?"""
