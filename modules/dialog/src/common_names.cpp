#include "common_names.hpp"

namespace parley::dialog {

// The most frequent first and last names in the United States (public census counts), as far as
// the speech dictionary can pronounce them: a name outside of these is spelled or taken from text.
std::string_view common_first_names() {
  return "aaron abigail adam ahmed alan albert alex alexander alexis ali alice amanda amber amy "
         "andrea andrew angela ann anna anthony antonio april arthur ashley austin barbara ben "
         "benjamin beth betty beverly bill billy bob bobby bradley brandon brenda brian brittany "
         "bruce bryan caleb carl carlos carmen carol carolyn catherine charles charlotte cheryl "
         "chloe chris christian christina christine christopher claire craig cynthia dan daniel "
         "danielle dave david deborah debra denise dennis derek diana diane don donald donna doris "
         "dorothy douglas dylan edward elijah elizabeth ella ellen emily emma eric erica ethan eva "
         "evelyn fernando frances frank fred gabriel gary george gerald gloria grace greg gregory "
         "hannah harold harry heather helen henry holly ian isaac isabella ivy jack jacob "
         "jacqueline "
         "james jane janet janice jason jay jean jeff jeffrey jennifer jenny jeremy jerry jesse "
         "jessica jim joan joe john jonathan jordan jorge jose joseph joshua joyce juan judith "
         "judy "
         "julia julie june justin karen kate katherine kathleen kathryn katie kayla keith kelly "
         "ken "
         "kenneth kevin kimberly kyle larry laura lauren lawrence leah leo liam lily linda lisa "
         "liz "
         "logan lori lucas lucy luis luke madison manuel marcus margaret maria marilyn mark martha "
         "martin mary mason matt matthew max may megan melissa mia michael michelle miguel mike "
         "ming "
         "monica nancy natalie nathan nicholas nick nicole noah oliver olivia omar oscar owen "
         "pamela "
         "patricia patrick paul pedro peter philip rachel raj randy ray raymond rebecca ricardo "
         "richard robert roger ron ronald rosa rose roy russell ruth ryan sam samantha samuel "
         "sandra "
         "sara sarah scott sean sharon shirley simon sophia stephanie stephen steve steven sue "
         "susan "
         "ted teresa terry theresa thomas tiffany tim timothy tina todd tom tony tracy tyler "
         "vanessa "
         "veronica victor victoria vincent virginia walter wayne wei wendy william willie zachary "
         "zoe";
}

std::string_view common_last_names() {
  return "adams aguilar alexander allen alvarado alvarez anderson andrews armstrong arnold austin "
         "bailey baker banks barnes bell bennett berry bishop black bowman boyd bradley brooks "
         "brown "
         "bryant burke burns burton butler campbell carlson carpenter carr carroll carter castillo "
         "castro chapman chavez chen clark cole coleman collins contreras cook cooper cox crawford "
         "cruz cunningham daniels davis day dean delgado diaz dixon dominguez duncan dunn edwards "
         "elliott ellis espinoza estrada evans ferguson fernandez fields fisher flores ford foster "
         "fowler fox franklin freeman fuller garcia gardner garrett garza george gibson gilbert "
         "gomez gonzales gonzalez gordon graham grant gray green greene griffin guerrero gutierrez "
         "guzman hall hamilton hansen hanson harper harris harrison hart harvey hawkins hayes "
         "henderson henry hernandez herrera hicks hill hoffman holmes howard howell hudson hughes "
         "hunt hunter jackson jacobs james jenkins jensen jimenez johnson johnston jones jordan "
         "kelley kelly kennedy kim king knight lane larson lawrence lawson le lee lewis li little "
         "long lopez lucas luna lynch maldonado marquez marshall martin martinez mason matthews "
         "mccoy mcdonald medina mejia mendez mendoza meyer miller mills mitchell montgomery moore "
         "morales moreno morgan morris morrison munoz murphy murray myers nelson nguyen nichols "
         "nunez o'brien oliver olson ortega ortiz owens padilla palmer park parker patel patterson "
         "payne pena perez perkins perry peters peterson phillips pierce porter powell price "
         "ramirez "
         "ramos ray reed reid reyes reynolds rice richards richardson riley rios rivera roberts "
         "robertson robinson rodriguez rogers rojas romero rose ross ruiz russell ryan salazar "
         "sanchez sanders sandoval santiago santos schmidt schultz scott shaw silva simmons "
         "simpson "
         "sims singh smith snyder soto spencer stephens stevens stewart stone sullivan taylor "
         "thomas "
         "thompson torres tran tucker turner valdez vargas vasquez vazquez vega wagner walker "
         "wallace walsh wang ward warren washington watkins watson weaver webb weber welch wells "
         "west wheeler white williams williamson willis wilson wong wood woods wright yang young";
}

// The fifty most frequent of each; about a third of all people have one of them.
std::string_view frequent_first_names() {
  return "james mary robert patricia john jennifer michael linda david elizabeth william barbara "
         "richard susan joseph jessica thomas sarah charles karen christopher lisa daniel nancy "
         "matthew betty anthony sandra mark margaret donald ashley steven kimberly paul emily "
         "andrew donna joshua michelle kenneth carol kevin amanda brian melissa george deborah "
         "timothy stephanie";
}

std::string_view frequent_last_names() {
  return "smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez "
         "lopez gonzalez wilson anderson thomas taylor moore jackson martin lee perez thompson "
         "white harris sanchez clark ramirez lewis robinson walker young allen king wright scott "
         "torres nguyen hill flores green adams nelson baker hall rivera campbell mitchell carter "
         "roberts";
}

}  // namespace parley::dialog
