"""The web machinery: application frame, problem details, JSON manners, streams, pages, assets."""
