# One message by curl.
exec curl -sS "$AIEXPORT_BASE_URL/messages" -H "X-API-Key: $AIEXPORT_API_KEY" -H "Content-Type: application/json" \
    -d '{"model": "apex-haiku-4-20250401", "messages": [{"role": "user", "content": "What is 2 + 2?"}]}'
