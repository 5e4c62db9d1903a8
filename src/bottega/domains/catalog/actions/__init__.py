"""What happens to a catalogue (writing), and the shops that a process keeps at hand (shops)."""
