"""A trade union's chatbot on Zalo and Facebook Messenger."""
