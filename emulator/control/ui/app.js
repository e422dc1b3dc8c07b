// The page begins here: every panel is imported, then the parts start.

import "./exchanges.js";
import "./clock.js";
import "./faults.js";
import "./limits.js";
import "./jobs.js";
import "./webhooks.js";
import "./expected.js";
import "./worlds.js";
import "./compose.js";
import { start as startKeys } from "./keys.js";
import { start as startPanels } from "./panels.js";
import { start as startTheme } from "./theme.js";

startTheme();
startPanels();
startKeys();
