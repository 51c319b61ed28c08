"""What a person does with the sessions of agents: pauses, resumes, takes back."""
