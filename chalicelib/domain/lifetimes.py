"""How long things live, in seconds (contract and quality page)."""

CODE = 300
RESEND = 60
VERIFICATION_TOKEN = 600
DRAFT = 1800
EMAIL_CONFIRMATION = 86_400
