//! Shows a tls-stall report as text or JSON.
